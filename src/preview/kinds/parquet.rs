//! Parquet: the schema, the row groups and the first rows, from the footer and the first row group.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::schema::printer::print_schema;

use super::MIB;
use super::grid::Grid;
use super::guard::guarded;
use super::input::Input;
use super::lines::{count, counted, cut_bytes, fact, heading, plain, size};
use super::thrift;
use crate::model::StyledLine;
use crate::preview::{Document, Shape};

/// The largest footer that is read.
const MOST_FOOTER: u64 = 16 * MIB;
/// The largest page, unpacked.
const MOST_PAGE: i64 = 32 << 20;
/// The deepest schema, and the most columns of one.
const MOST_DEPTH: usize = 64;
const MOST_ELEMENTS: u64 = 5_000;
/// The most columns whose rows are shown, and the most rows.
const MOST_COLUMNS: usize = 100;
const MOST_ROWS: usize = 100;
/// The most row groups that are listed.
const MOST_GROUPS: usize = 200;

pub fn render(input: &Input, _: &Shape) -> io::Result<Document> {
    check_footer(input)?;
    let pages = Arc::new(AtomicBool::new(false));
    let chunks = Chunks { input: Mutex::new(input.again(0)), len: input.len(), pages: pages.clone() };
    let reader = SerializedFileReader::new(chunks).map_err(io::Error::other)?;
    let metadata = reader.metadata();
    let mut lines = overview(metadata);
    schema(metadata, &mut lines);
    groups(metadata, &mut lines);
    pages.store(true, Ordering::Relaxed);
    let shown = guarded(|| rows(&reader)).unwrap_or_else(|| (Vec::new(), Err("they are damaged".to_owned())));
    lines.extend(shown.0);
    let warning = shown.1.err().map(|why| {
        let why = input.bounds().breach().unwrap_or(why);
        format!("its rows can't be shown: {why}")
    });
    let file = metadata.file_metadata();
    let about = format!(
        "Parquet · {} · {} · {}",
        counted(file.num_rows().unsigned_abs(), "row", "rows"),
        counted(file.schema_descr().num_columns() as u64, "column", "columns"),
        size(input.len())
    );
    Ok(Document { lines, about, warning, ..Document::default() })
}

fn refuse(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// Looks at the footer before the library does: it recurses as deep as the schema says.
fn check_footer(input: &Input) -> io::Result<()> {
    let mut tail = [0; 8];
    let mut from = input.again(0);
    let end = input.len().checked_sub(8).ok_or_else(|| refuse("it is too short"))?;
    // The footer of most files lies within the last block, which comes with the tail.
    from.seek(SeekFrom::Start(end))?;
    from.read_exact(&mut tail)?;
    if &tail[4..] != b"PAR1" {
        return Err(refuse("it doesn't end as a Parquet file does"));
    }
    let len = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    let begin = end.checked_sub(len).ok_or_else(|| refuse("its footer is longer than the file"))?;
    if len > MOST_FOOTER {
        let why = format!("its footer has {}; at most {} are read", size(len), size(MOST_FOOTER));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    let mut footer = Vec::new();
    let mut from = input.again(len);
    from.seek(SeekFrom::Start(begin))?;
    from.take(len).read_to_end(&mut footer)?;
    let (elements, depth) = thrift::schema(&footer)?;
    if depth > MOST_DEPTH || elements > MOST_ELEMENTS {
        let why = format!("its schema has {} elements, {depth} deep", count(elements));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(())
}

fn overview(metadata: &ParquetMetaData) -> Vec<StyledLine> {
    let file = metadata.file_metadata();
    let mut lines = vec![
        heading("Parquet"),
        fact("rows", &count(file.num_rows().unsigned_abs())),
        fact("row groups", &count(metadata.num_row_groups() as u64)),
    ];
    if let Some(by) = file.created_by() {
        lines.push(fact("created by", &by.chars().take(200).collect::<String>()));
    }
    lines
}

fn schema(metadata: &ParquetMetaData, lines: &mut Vec<StyledLine>) {
    let mut text = Vec::new();
    print_schema(&mut text, metadata.file_metadata().schema());
    lines.extend([StyledLine::default(), heading("Schema")]);
    let text = String::from_utf8_lossy(&text);
    lines.extend(text.lines().map(|line| StyledLine::of(plain(line))));
}

fn groups(metadata: &ParquetMetaData, lines: &mut Vec<StyledLine>) {
    lines.extend([StyledLine::default(), heading("Row groups")]);
    let mut grid = Grid::default();
    grid.heading(["group", "rows", "bytes", "unpacked", "compression"].map(str::to_owned).to_vec());
    for (at, group) in metadata.row_groups().iter().enumerate().take(MOST_GROUPS) {
        let mut codecs: Vec<String> =
            group.columns().iter().map(|column| column.compression().to_string().to_lowercase()).collect();
        codecs.sort();
        codecs.dedup();
        grid.row(vec![
            at.to_string(),
            count(group.num_rows().unsigned_abs()),
            size(group.columns().iter().map(|column| column.compressed_size().unsigned_abs()).sum()),
            size(group.total_byte_size().unsigned_abs()),
            codecs.join(", "),
        ]);
    }
    lines.extend(grid.lines());
    let more = metadata.num_row_groups().saturating_sub(MOST_GROUPS);
    if more > 0 {
        lines.push(StyledLine::of(plain(&format!("… and {} more", count(more as u64)))));
    }
}

/// The first rows, and why there aren't more.
fn rows(reader: &SerializedFileReader<Chunks>) -> (Vec<StyledLine>, Result<(), String>) {
    let metadata = reader.metadata();
    if metadata.num_row_groups() == 0 {
        return (Vec::new(), Ok(()));
    }
    let mut grid = Grid::default();
    let ended = fill(reader, metadata.file_metadata().schema_descr().num_columns(), &mut grid);
    if ended.is_err() && grid.len() == 0 {
        return (Vec::new(), ended);
    }
    let shown = counted(grid.len() as u64, "row", "rows");
    let mut lines = vec![StyledLine::default(), heading(&format!("First {shown}"))];
    lines.extend(grid.lines());
    (lines, ended)
}

fn fill(reader: &SerializedFileReader<Chunks>, columns: usize, grid: &mut Grid) -> Result<(), String> {
    if columns > MOST_COLUMNS {
        return Err(format!("it has {columns} columns, and rows are shown of at most {MOST_COLUMNS}"));
    }
    let group = reader.get_row_group(0).map_err(|error| error.to_string())?;
    for row in group.get_row_iter(None).map_err(|error| error.to_string())?.take(MOST_ROWS) {
        let row = row.map_err(|error| error.to_string())?;
        if grid.len() == 0 {
            grid.heading(row.get_column_iter().map(|(name, _)| cut_bytes(name.as_bytes(), 200)).collect());
        }
        let value = |field: &parquet::record::Field| cut_bytes(field.to_string().as_bytes(), 200);
        grid.row(row.get_column_iter().map(|(_, field)| value(field)).collect());
    }
    Ok(())
}

/// The file as the library asks for it.
struct Chunks {
    input: Mutex<Input>,
    len: u64,
    /// Whether what is read now are pages: the metadata was read before.
    pages: Arc<AtomicBool>,
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Chunks {
    type T = Checked;

    fn get_read(&self, start: u64) -> Result<Checked, ParquetError> {
        let mut input = self.input.lock().again(0);
        input.seek(SeekFrom::Start(start)).map_err(|error| external(&error))?;
        Ok(Checked { input, pending: self.pages.load(Ordering::Relaxed) })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.len) {
            return Err(ParquetError::EOF("its metadata points beyond its end".into()));
        }
        let mut input = self.input.lock().again(length as u64);
        input.seek(SeekFrom::Start(start)).map_err(|error| external(&error))?;
        let mut bytes = Vec::new();
        input.take(length as u64).read_to_end(&mut bytes).map_err(|error| external(&error))?;
        if bytes.len() < length {
            Err(ParquetError::EOF("it ends too soon".into()))
        } else {
            Ok(bytes.into())
        }
    }
}

fn external(error: &io::Error) -> ParquetError {
    ParquetError::General(error.to_string())
}

/// A reader that begins with the header of a page, which it looks at first: the library makes as much room
/// as that says.
struct Checked {
    input: Input,
    pending: bool,
}

impl Read for Checked {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.pending) {
            let at = self.input.stream_position()?;
            let mut header = Vec::new();
            self.input.by_ref().take(64).read_to_end(&mut header)?;
            self.input.seek(SeekFrom::Start(at))?;
            let unpacked = thrift::unpacked(&header)?;
            if !(0..=MOST_PAGE).contains(&unpacked) {
                let why = format!("a page claims to have {} when unpacked", size(unpacked.unsigned_abs()));
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
            }
        }
        self.input.read(buf)
    }
}
