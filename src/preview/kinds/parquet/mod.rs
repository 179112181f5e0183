//! Parquet: the schema, the row groups and the first rows, from the footer and the first row group.
//!
//! The library believes what a file says of itself, so nothing reaches it that wasn't looked at before: the
//! footer ([`footer`]), each page ([`pages`]), what becomes of a value ([`rows`]).

mod footer;
mod pages;
mod rows;
mod shapes;
mod thrift;

use std::io;

use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::schema::printer::print_schema;

use super::grid::Grid;
use super::input::Input;
use super::lines::{count, counted, fact, heading, plain, size};
use crate::model::StyledLine;
use crate::preview::{Document, Shape};

/// The most row groups that are listed.
const MOST_GROUPS: usize = 200;

pub fn render(input: &Input, _: &Shape) -> io::Result<Document> {
    let metadata = footer::read(input)?;
    let mut lines = overview(&metadata);
    schema(&metadata, &mut lines);
    groups(&metadata, &mut lines);
    let warning = rows::rows(input, &metadata, &mut lines).err();
    let file = metadata.file_metadata();
    let about = format!(
        "Parquet · {} · {} · {}",
        counted(file.num_rows().unsigned_abs(), "row", "rows"),
        counted(file.schema_descr().num_columns() as u64, "column", "columns"),
        size(input.len())
    );
    Ok(Document { lines, about, warning, ..Document::default() })
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

fn packed(group: &RowGroupMetaData) -> u64 {
    group.columns().iter().fold(0, |sum, column| sum.saturating_add(column.compressed_size().unsigned_abs()))
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
            size(packed(group)),
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

#[cfg(test)]
mod tests;
