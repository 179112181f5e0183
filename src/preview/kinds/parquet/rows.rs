//! The first rows of the first row group: [`rows`].

use std::fmt::{self, Write};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::PageReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::RowGroupReader;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::record::reader::{RowIter, TreeBuilder};
use parquet::record::{Field, Row};
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};

use super::super::grid::Grid;
use super::super::guard::guarded;
use super::super::input::{Bounds, Input};
use super::super::lines::{counted, cut_bytes, heading};
use super::pages::{Account, Column, READ};
use crate::model::StyledLine;
use crate::model::text::escape;

/// The most columns whose rows are shown, and the most rows.
const MOST_COLUMNS: usize = 100;
const MOST_ROWS: usize = 100;
/// The rows that are read at a time.
const BATCH: usize = 32;
/// The most bytes of a value that are shown, and of a number that is worked out.
const MOST_VALUE: usize = 200;
const MOST_NUMBER: usize = 64;

/// Adds the first rows.
///
/// # Errors
/// In words, what isn't shown and why; what is shown was added then, too.
pub fn rows(
    input: &Input,
    metadata: &ParquetMetaData,
    lines: &mut Vec<StyledLine>,
) -> std::result::Result<(), String> {
    if metadata.num_row_groups() == 0 || metadata.file_metadata().schema_descr().num_columns() == 0 {
        return Ok(());
    }
    let group = metadata.row_group(0);
    let (mut shown, left_out) = choose(group);
    if let Some(left_out) = left_out.as_ref().filter(|_| shown.is_empty()) {
        return Err(left_out.clone());
    }
    let mut grid = Grid::default();
    let mut read = read(input, group, &shown, &mut grid);
    let flat = |at: &usize| group.column(*at).column_descr().max_rep_level() == 0;
    if let Err(why) = &read
        && grid.len() == 0
        && !shown.iter().all(flat)
    {
        // A row of a list may be of any length: without them there may be something to see.
        let why = format!("its lists aren't shown: {why}");
        shown = without_lists(group, shown);
        if !shown.is_empty() && self::read(input, group, &shown, &mut grid).is_ok() {
            read = Err(why);
        }
    }
    if grid.len() > 0 || read.is_ok() {
        let first = counted(grid.len() as u64, "row", "rows");
        lines.extend([StyledLine::default(), heading(&format!("First {first}"))]);
        lines.extend(grid.lines());
    }
    match (read, left_out) {
        (Err(why), _) if why.starts_with("its lists") => Err(why),
        (Err(why), _) => Err(format!("its rows can't be shown: {why}")),
        (Ok(()), Some(left_out)) => Err(left_out),
        (Ok(()), None) => Ok(()),
    }
}

/// The columns whose rows can be shown, and why not all.
fn choose(group: &RowGroupMetaData) -> (Vec<usize>, Option<String>) {
    let schema = group.schema_descr();
    let whys: Vec<_> = group.columns().iter().map(unreadable).collect();
    let mut roots: Vec<_> =
        (0..whys.len()).filter(|at| whys[*at].is_some()).map(|at| schema.get_column_root_idx(at)).collect();
    roots.dedup();
    let mut shown: Vec<usize> =
        (0..whys.len()).filter(|at| roots.binary_search(&schema.get_column_root_idx(*at)).is_err()).collect();
    if let Some(at) = whys.iter().position(Option::is_some) {
        let name = cut_bytes(group.column(at).column_path().string().as_bytes(), 100);
        let why = whys[at].clone().unwrap_or_default();
        return (shown, Some(format!("not all columns are shown: {name} is {why}")));
    }
    if shown.len() <= MOST_COLUMNS {
        return (shown, None);
    }
    let next = schema.get_column_root_idx(shown[MOST_COLUMNS]);
    shown.retain(|at| schema.get_column_root_idx(*at) < next);
    let all = counted(whys.len() as u64, "column", "columns");
    (shown, Some(format!("of its {all} rows are shown of the first {MOST_COLUMNS} at most")))
}

fn without_lists(group: &RowGroupMetaData, mut shown: Vec<usize>) -> Vec<usize> {
    let schema = group.schema_descr();
    let lists: Vec<_> = (0..group.num_columns())
        .filter(|at| group.column(*at).column_descr().max_rep_level() > 0)
        .map(|at| schema.get_column_root_idx(at))
        .collect();
    shown.retain(|at| lists.binary_search(&schema.get_column_root_idx(*at)).is_err());
    shown
}

/// Why the values of a column aren't read here.
fn unreadable(column: &ColumnChunkMetaData) -> Option<String> {
    let codec = column.compression();
    if matches!(codec, Compression::BROTLI(_) | Compression::LZO) {
        // The window that a brotli stream asks for isn't bounded.
        return Some(format!("packed by {}, which isn't unpacked here", codec.to_string().to_lowercase()));
    }
    let encoding = column.encodings().find(|encoding| !READ.contains(encoding))?;
    Some(format!("encoded as {encoding}, which isn't read here"))
}

fn read(
    input: &Input,
    group: &RowGroupMetaData,
    shown: &[usize],
    grid: &mut Grid,
) -> std::result::Result<(), String> {
    let read = guarded(|| fill(input, group, shown, grid));
    let error = match read {
        Some(Ok(())) => return Ok(()),
        Some(Err(ParquetError::General(why))) => why,
        Some(Err(error)) => error.to_string(),
        None => "they are damaged".to_owned(),
    };
    Err(input.bounds().breach().unwrap_or_else(|| escape(&error).into_owned()))
}

fn fill(input: &Input, group: &RowGroupMetaData, shown: &[usize], grid: &mut Grid) -> Result<()> {
    let schema = projected(group, shown)?;
    let bounds = input.bounds();
    let group = Group { input: input.again(0), metadata: group, account: Account::default() };
    for row in TreeBuilder::new().with_batch_size(BATCH).as_iter(schema, &group)?.take(MOST_ROWS) {
        add(&row?, grid, &bounds)?;
    }
    Ok(())
}

/// The schema of these columns. Those of one field at the top come together.
fn projected(group: &RowGroupMetaData, shown: &[usize]) -> Result<SchemaDescPtr> {
    let schema = group.schema_descr();
    let mut roots: Vec<_> = shown.iter().map(|at| schema.get_column_root_idx(*at)).collect();
    roots.dedup();
    let fields = roots.iter().filter_map(|at| schema.root_schema().get_fields().get(*at).cloned()).collect();
    let root = Type::group_type_builder("rows").with_fields(fields).build()?;
    Ok(Arc::new(SchemaDescriptor::new(Arc::new(root))))
}

fn add(row: &Row, grid: &mut Grid, bounds: &Bounds) -> Result<()> {
    bounds.check().map_err(|error| ParquetError::General(error.to_string()))?;
    if grid.len() == 0 {
        grid.heading(row.get_column_iter().map(|(name, _)| cut_bytes(name.as_bytes(), MOST_VALUE)).collect());
    }
    grid.row(row.get_column_iter().map(|(_, field)| value(field)).collect());
    Ok(())
}

/// The first row group, whose columns are looked at before they are unpacked.
struct Group<'a> {
    input: Input,
    metadata: &'a RowGroupMetaData,
    account: Account,
}

impl RowGroupReader for Group<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.metadata
    }

    fn num_columns(&self) -> usize {
        self.metadata.num_columns()
    }

    fn get_column_page_reader(&self, at: usize) -> Result<Box<dyn PageReader>> {
        let column = self.metadata.column(at);
        let rows = usize::try_from(self.metadata.num_rows())?;
        // The older ways of LZ4 unpack to whatever they give.
        let how = Arc::new(ReaderProperties::builder().set_backward_compatible_lz4(false).build());
        let from = Arc::new(Column::new(self.input.again(0), column, self.account.clone()));
        Ok(Box::new(SerializedPageReader::new_with_properties(from, column, rows, None, how)?))
    }

    fn get_column_bloom_filter(&self, _: usize) -> Option<&Sbbf> {
        None
    }

    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}

/// The beginning of a value, escaped.
fn value(field: &Field) -> String {
    let mut brief = Brief(String::new());
    let cut = write(field, &mut brief).is_err();
    let mut text = escape(&brief.0).into_owned();
    if cut {
        text.push('…');
    }
    text
}

/// Takes a text up to a bound, and fails then.
struct Brief(String);

impl Write for Brief {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = text.floor_char_boundary(MOST_VALUE.saturating_sub(self.0.len()));
        self.0.push_str(&text[..room]);
        if room < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

fn write(field: &Field, out: &mut Brief) -> fmt::Result {
    match field {
        Field::Group(row) => {
            let parts = row.get_column_iter();
            list(out, ['{', '}'], parts, |(name, field), out| {
                write!(out, "{name}: ")?;
                write(field, out)
            })
        }
        Field::ListInternal(fields) => list(out, ['[', ']'], fields.elements().iter(), write),
        Field::MapInternal(pairs) => list(out, ['{', '}'], pairs.entries().iter(), |(key, field), out| {
            write(key, out)?;
            out.write_str(" -> ")?;
            write(field, out)
        }),
        // Digits of a long number take the square of its length.
        Field::Decimal(number) if number.data().len() > MOST_NUMBER => {
            write!(out, "a number of {} bytes", number.data().len())
        }
        field => write!(out, "{field}"),
    }
}

fn list<T>(
    out: &mut Brief,
    around: [char; 2],
    parts: impl Iterator<Item = T>,
    mut write: impl FnMut(T, &mut Brief) -> fmt::Result,
) -> fmt::Result {
    out.write_char(around[0])?;
    for (at, part) in parts.enumerate() {
        if at > 0 {
            out.write_str(", ")?;
        }
        write(part, out)?;
    }
    out.write_char(around[1])
}
