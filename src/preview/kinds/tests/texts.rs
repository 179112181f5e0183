//! JSON, JSON lines, Markdown.

use std::time::{Duration, Instant};

use super::{show_as, text};
use crate::model::ViewKind;

#[tokio::test]
async fn json_is_laid_out_and_stays_as_it_was_written() {
    let raw = br#"{"b":1.10,"a":[1e400,-0,12345678901234567890],"b":{},"s":"\u001b\"x","e":[]}"#;
    let document = show_as(ViewKind::Json, "x.json", raw).await.unwrap();
    let wanted = [
        "{",
        "  \"b\": 1.10,",
        "  \"a\": [",
        "    1e400,",
        "    -0,",
        "    12345678901234567890",
        "  ],",
        "  \"b\": {},",
        "  \"s\": \"\\u001b\\\"x\",",
        "  \"e\": []",
        "}",
    ];
    assert_eq!(text(&document), wanted);
    let folds: Vec<_> = document.folds.iter().map(|fold| (fold.head, fold.end, &fold.summary[..])).collect();
    assert_eq!(folds, [(0, 11, "… 5 items }"), (2, 7, "… 3 items ],")]);
    assert_eq!(document.warning, None);
}

#[tokio::test]
async fn damaged_json_says_where_and_shows_what_could_be_read() {
    for (raw, told) in [
        ("{\n \"a\": 1,\n \"b\": nul\n}", "line 3, column 7: a value is missing"),
        ("{\"a\" 1}", "line 1, column 6: a colon is missing"),
        ("[1 2]", "line 1, column 4: a comma or a closing bracket is missing"),
        ("[01]", "line 1, column 2: this is no number"),
        ("[1]]", "line 1, column 4: more text after the value"),
        ("[\"a\nb\"]", "a control character inside a string"),
        ("[\"\\x\"]", "no such escape"),
        ("[1,", "the text ends before the value does"),
        ("{\"a\": \"b", "a string that began here has no end"),
    ] {
        let document = show_as(ViewKind::Json, "x.json", raw.as_bytes()).await.unwrap();
        let warning = document.warning.clone().unwrap();
        assert!(warning.contains(told), "{raw}: {warning}");
        assert!(text(&document).last().unwrap().contains(told), "{raw}");
    }
    let document = show_as(ViewKind::Json, "x.json", b"{\"a\": 1, oops").await.unwrap();
    assert_eq!(text(&document)[..2], ["{", "  \"a\": 1,"]);
}

#[tokio::test]
async fn json_too_deep_or_too_long_is_bounded() {
    for raw in ["[".repeat(100_000), format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))] {
        let begin = Instant::now();
        let document = show_as(ViewKind::Json, "x.json", raw.as_bytes()).await.unwrap();
        assert!(document.warning.is_some() && document.lines.len() <= 200_010);
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
    let long = format!("[\"{}\"]", "x".repeat(5 << 20));
    let document = show_as(ViewKind::Json, "x.json", long.as_bytes()).await.unwrap();
    assert!(document.warning.unwrap().starts_with("only the first 4.2 MB of 5.2 MB"));
}

#[tokio::test]
async fn json_lines_are_a_fold_a_value() {
    let raw = b"{\"id\":1,\"name\":\"one\"}\n\n[2]\nnot json\n{\"id\":3}\n";
    let document = show_as(ViewKind::JsonLines, "x.jsonl", raw).await.unwrap();
    let numbers: Vec<_> = document.lines.iter().filter_map(|line| line.number).collect();
    assert_eq!(numbers, [1, 3, 4, 5]);
    assert!(document.folds.iter().all(|fold| fold.closed));
    assert_eq!(document.folds[0].summary, "\"id\":1,\"name\":\"one\"}");
    assert_eq!(document.warning.as_deref(), Some("1 line is no JSON"));
    assert!(text(&document).iter().any(|line| line.contains("damaged at column 1")));
}

#[tokio::test]
async fn markdown_is_laid_out_for_the_width() {
    let raw = "# Title\n\nSome *text* that is **long** enough to be wrapped [here](http://x.y).\n\n\
               - one\n- two\n  1. inner\n\n> quoted\n\n```rust\nlet\tx;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n";
    let document = show_as(ViewKind::Markdown, "x.md", raw.as_bytes()).await.unwrap();
    let wanted = [
        "# Title",
        "",
        "Some text that is long enough to be ",
        "wrapped here ‹http://x.y›.",
        "",
        "• one",
        "• two",
        "  1. inner",
        "",
        "│ quoted",
        "",
        "  rust",
        "  ┆ let    x;",
        "",
        "a │ b",
        "──┼──",
        "1 │ 2",
        "",
        &"─".repeat(40),
    ];
    assert_eq!(text(&document), wanted);
    let deep = "> ".repeat(50_000) + "deep\n" + &"lazy\n".repeat(50_000);
    show_as(ViewKind::Markdown, "x.md", deep.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn markdown_of_one_long_word_takes_a_time_that_grows_with_its_length() {
    let begin = Instant::now();
    let document = show_as(ViewKind::Markdown, "x.md", &vec![b'x'; 1 << 20]).await.unwrap();
    assert_eq!(text(&document).concat().len(), 1 << 20);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn markdown_whose_tables_fill_themselves_is_laid_out_without_them() {
    let (heading, marks) = ("|a".repeat(362) + "|\n", "|-".repeat(362) + "|\n");
    let table = heading + &marks + &"x\n".repeat(724);
    for part in ["\n", ""] {
        let document = show_as(ViewKind::Markdown, "x.md", [table.as_str(); 5].join(part).as_bytes()).await;
        let document = document.unwrap();
        let warning = document.warning.clone().unwrap_or_default();
        assert!(warning.contains("its tables are not laid out"), "{warning}");
        assert!(text(&document).concat().contains("|a|a"));
    }
    let document = show_as(ViewKind::Markdown, "x.md", table.as_bytes()).await.unwrap();
    assert_eq!(document.warning, None, "one of them may be what it is");
    // Marks between all rows are no tables of their own.
    let ruled = "|a|b|c|d|\n|-|-|-|-|\n".repeat(2_000);
    let document = show_as(ViewKind::Markdown, "x.md", ruled.as_bytes()).await.unwrap();
    assert_eq!(document.warning, None);
}
