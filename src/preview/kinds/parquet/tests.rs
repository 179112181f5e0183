//! Parquet files that are more than they seem.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{BrotliLevel, Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;

use super::super::tests::{show_as, text};
use crate::model::ViewKind;
use crate::preview::Document;

/// A file of one group, whose columns `write` writes.
fn file(
    schema: &str,
    how: WriterPropertiesBuilder,
    mut write: impl FnMut(usize, &mut parquet::file::writer::SerializedColumnWriter<'_>),
) -> Vec<u8> {
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(how.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut at = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        write(at, &mut column);
        column.close().unwrap();
        at += 1;
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

async fn show(bytes: &[u8]) -> Document {
    show_as(ViewKind::Parquet, "x.parquet", bytes).await.unwrap()
}

fn numbers(how: WriterPropertiesBuilder) -> Vec<u8> {
    file("message row { REQUIRED INT64 id; }", how, |_, column| {
        let ids: Vec<i64> = (0..100).collect();
        column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    })
}

/// The header of a page of so many values, packed and unpacked to so many bytes.
fn header(unpacked: u64, packed: u64, values: u64) -> Vec<u8> {
    let int = |number: u64| {
        let (mut number, mut bytes) = (number * 2, Vec::new());
        while number > 0x7f {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    let parts: [&[u8]; 8] = [
        &[0x15, 0, 0x15],
        &int(unpacked),
        &[0x15],
        &int(packed),
        &[0x2c, 0x15],
        &int(values),
        &[0x15, 0, 0x15, 6, 0x15, 6, 0, 0],
        &[],
    ];
    parts.concat()
}

/// The same file with this page in the place of what it has: it is appended, and the footer points to it.
fn with_page(bytes: &[u8], page: &[u8]) -> Vec<u8> {
    let at = bytes.len() - 8;
    let footer = at - u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    // All numbers of the new page take as many bytes as those of the old one did: so the old one is as large.
    let mut out = b"PAR1".to_vec();
    out.extend_from_slice(page);
    assert!(out.len() <= footer, "{} bytes have room for {}", footer, out.len());
    out.resize(footer, 0);
    out.extend_from_slice(&bytes[footer..]);
    out
}

#[tokio::test]
async fn a_page_of_gzip_that_unpacks_to_more_than_it_claims_is_refused() {
    let how = || {
        WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_compression(Compression::GZIP(parquet::basic::GzipLevel::default()))
    };
    // Numbers that don't pack, so that there is room for the page.
    let honest = file("message row { REQUIRED INT64 id; }", how(), |_, column| {
        let ids: Vec<i64> =
            (0..40_000i64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed())).collect();
        column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    });
    assert_eq!(show(&honest).await.warning, None);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..128 {
        packer.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let packed = packer.finish().unwrap();
    let page = [header(800, packed.len() as u64, 100), packed].concat();
    let shown = show(&with_page(&honest, &page)).await;
    assert!(shown.warning.as_ref().unwrap().contains("more than the 800 B"), "{:?}", shown.warning);
    assert!(text(&shown).join("\n").contains("REQUIRED INT64 id"));
}

#[tokio::test]
async fn lists_of_a_few_bytes_and_billions_of_nothings_are_refused_and_the_rest_is_shown() {
    let schema = "message row { REQUIRED INT64 id; REPEATED INT32 many; }";
    let lists = |pages: bool| {
        let how = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_compression(Compression::UNCOMPRESSED);
        file(schema, how, |at, column| {
            if at == 0 {
                column.typed::<Int64Type>().write_batch(&[7, 8], None, None).unwrap();
            } else {
                let values = if pages { vec![5; 6_000] } else { vec![5; 3] };
                let mut again = vec![1; values.len()];
                (again[0], again[1]) = (0, 0);
                let there = vec![1; values.len()];
                column.typed::<Int32Type>().write_batch(&values, Some(&there), Some(&again)).unwrap();
            }
        })
    };
    let shown = text(&show(&lists(false)).await).join("\n");
    assert!(shown.contains("[5, 5]"), "{shown}");
    let mut bytes = lists(true);
    // The header of its page, whose number of values becomes as large as it can be: 5 bytes for 2.
    let at =
        bytes.windows(8).position(|window| window == [0x15, 0xe0, 0x5d, 0x15, 0, 0x15, 6, 0x15]).unwrap();
    bytes.splice(at + 1..at + 3, [0xfe, 0xff, 0xff, 0xff, 0x0f]);
    // What follows has moved, but the column begins where it did; its length has to hold the page.
    let shown = show(&bytes).await;
    assert!(shown.warning.as_ref().unwrap().starts_with("its lists aren't shown"), "{:?}", shown.warning);
    let all = text(&shown).join("\n");
    assert!(all.contains("First 2 rows") && all.contains("REPEATED INT32 many"), "{all}");
}

#[tokio::test]
async fn encodings_that_make_much_of_little_are_left_out() {
    let schema = "message row { REQUIRED INT64 id; REQUIRED BYTE_ARRAY name (UTF8); }";
    let how = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_column_encoding("name".into(), Encoding::DELTA_BYTE_ARRAY);
    let bytes = file(schema, how, |at, column| {
        if at == 0 {
            column.typed::<Int64Type>().write_batch(&[7, 8], None, None).unwrap();
        } else {
            let names = [ByteArray::from("one"), ByteArray::from("onetwo")];
            column.typed::<ByteArrayType>().write_batch(&names, None, None).unwrap();
        }
    });
    let shown = show(&bytes).await;
    let warning = shown.warning.clone().unwrap();
    assert!(warning.contains("name is encoded as DELTA_BYTE_ARRAY"), "{warning}");
    let lines = text(&shown);
    assert!(lines.iter().any(|line| line.trim() == "7"), "{lines:?}");
}

#[tokio::test]
async fn columns_packed_by_brotli_are_told() {
    let bytes =
        numbers(WriterProperties::builder().set_compression(Compression::BROTLI(BrotliLevel::default())));
    let shown = show(&bytes).await;
    assert!(shown.warning.as_ref().unwrap().contains("brotli"), "{:?}", shown.warning);
    assert!(text(&shown).join("\n").contains("REQUIRED INT64 id"));
}

#[tokio::test]
async fn of_many_columns_the_first_are_shown() {
    let fields: String = (0..150).map(|at| format!("REQUIRED INT64 c{at}; ")).collect();
    let bytes = file(&format!("message row {{ {fields} }}"), WriterProperties::builder(), |at, column| {
        column.typed::<Int64Type>().write_batch(&[1000 + i64::try_from(at).unwrap()], None, None).unwrap();
    });
    let shown = show(&bytes).await;
    assert!(shown.warning.as_ref().unwrap().contains("150 columns"), "{:?}", shown.warning);
    let all = text(&shown).join("\n");
    assert!(all.contains("1099") && !all.contains("1100"), "{all}");
}

#[tokio::test]
async fn a_long_value_is_cut_before_it_is_written() {
    let schema = "message row { REQUIRED BYTE_ARRAY raw; REQUIRED BYTE_ARRAY number (DECIMAL(9, 2)); }";
    let bytes = file(schema, WriterProperties::builder(), |_, column| {
        let long = ByteArray::from(vec![b'x'; 1 << 20]);
        let all = vec![long; 20];
        column.typed::<ByteArrayType>().write_batch(&all, None, None).unwrap();
    });
    let begin = std::time::Instant::now();
    let shown = show(&bytes).await;
    assert_eq!(shown.warning, None);
    assert!(text(&shown).join("\n").contains("a number of 1048576 bytes"));
    assert!(begin.elapsed().as_secs() < 3, "{:?}", begin.elapsed());
}
