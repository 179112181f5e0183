//! What a screen costs, as the demo's table tells it.

use demo::calls::{measure, table};

#[tokio::test]
async fn a_directory_costs_its_pages_and_with_the_cache_nothing_again_even_after_a_write() {
    let rows = measure().await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.objects, row.cached, row.opened)).collect();
    let expected = [
        (20, false, [1, 1, 1]),
        (20, true, [1, 0, 0]),
        (100, false, [1, 1, 1]),
        (100, true, [1, 0, 0]),
        (1000, false, [1, 1, 2]),
        (1000, true, [1, 0, 0]),
        (2500, false, [3, 3, 3]),
        (2500, true, [3, 0, 0]),
    ];
    assert_eq!(told, expected);
    let table = table(&rows);
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(table.trim()), "between the marks of README.md should stand:\n{table}");
}
