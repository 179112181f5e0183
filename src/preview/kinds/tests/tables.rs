//! Tables by text, and Parquet.

use std::sync::Arc;

use super::{show_as, text};
use crate::model::{ErrorKind, ViewKind};

#[tokio::test]
async fn a_table_is_aligned_whatever_parts_its_values() {
    for raw in [
        "name,size\n\"a,b\",1\nlonger,20\n",
        "name;size\n\"a,b\";1\nlonger;20\n",
        "name\tsize\na,b\t1\nlonger\t20\n",
    ] {
        let document = show_as(ViewKind::Table, "x.csv", raw.as_bytes()).await.unwrap();
        assert_eq!(
            text(&document),
            ["name   │ size", "───────┼─────", "a,b    │    1", "longer │   20"],
            "{raw}"
        );
    }
    let raw = "a,b\r\n\"line\nbreak\",\x1b[31m\r\nonly\r\n";
    let document = show_as(ViewKind::Table, "x.csv", raw.as_bytes()).await.unwrap();
    assert_eq!(text(&document)[2], "line␊break │ ␛[31m");
}

#[tokio::test]
async fn a_table_without_measure_is_bounded() {
    let wide = vec!["1"; 1_000_000].join(",");
    let document = show_as(ViewKind::Table, "x.csv", wide.as_bytes()).await.unwrap();
    assert!(document.warning.unwrap().contains("200 of 1000000 columns"));
    let long = "1,2\n".repeat(20_000);
    let document = show_as(ViewKind::Table, "x.csv", long.as_bytes()).await.unwrap();
    assert!(document.lines.len() <= 10_002 && document.warning.unwrap().contains("10,000 rows"));
}

/// A Parquet file of numbers and names.
pub(super) fn parquet(rows: i64) -> Vec<u8> {
    packed(rows, parquet::basic::Compression::SNAPPY)
}

fn packed(rows: i64, how: parquet::basic::Compression) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    let schema = "message row { REQUIRED INT64 id; REQUIRED BYTE_ARRAY name (UTF8); }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(how).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let ids: Vec<i64> = (0..rows).collect();
    column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let names: Vec<ByteArray> = (0..rows).map(|at| ByteArray::from(&*format!("n\x1b{at}"))).collect();
    column.typed::<ByteArrayType>().write_batch(&names, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn parquet_shows_its_schema_its_groups_and_its_first_rows() {
    let document = show_as(ViewKind::Parquet, "x.parquet", &parquet(1000)).await.unwrap();
    let lines = text(&document);
    let all = lines.join("\n");
    assert!(all.contains("REQUIRED INT64 id") && all.contains("snappy"), "{all}");
    assert!(lines.iter().any(|line| line.contains("1,000")), "{all}");
    assert!(lines.iter().any(|line| line.starts_with("99 ") && line.contains("n␛99")), "{all}");
    assert_eq!(document.warning, None);
}

#[tokio::test]
async fn parquet_with_a_page_that_lies_is_shown_without_rows() {
    let bytes = parquet(1000);
    let at = bytes.windows(4).position(|four| four == b"PAR1").unwrap() + 4;
    let mut lying = bytes.clone();
    lying[at + 3..at + 8].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
    let document = show_as(ViewKind::Parquet, "x.parquet", &lying).await.unwrap();
    assert!(document.warning.unwrap().starts_with("its rows can't be shown"));
    let error = show_as(ViewKind::Parquet, "x.parquet", &bytes[..bytes.len() / 2]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
}

#[tokio::test]
async fn parquet_whose_decoder_breaks_down_still_shows_its_schema() {
    let mut bytes = packed(3, parquet::basic::Compression::UNCOMPRESSED);
    let first = b"\x03\0\0\0n\x1b0";
    let at = bytes.windows(first.len()).position(|window| window == first).unwrap();
    // The first name takes all but two bytes of the others.
    bytes[at] = 15;
    let document = show_as(ViewKind::Parquet, "x.parquet", &bytes).await.unwrap();
    assert_eq!(document.warning.as_deref(), Some("its rows can't be shown: they are damaged"));
    assert!(text(&document).join("\n").contains("REQUIRED INT64 id"));
}
