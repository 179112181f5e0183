//! What it costs to look again, as the demo's table tells it.

use std::time::Duration;

use demo::views::{measure, table};

#[tokio::test]
async fn a_second_look_costs_nothing_and_a_validated_one_no_body() {
    let sizes = [1_000_000, 5_000_000];
    let rows = measure(&sizes, Duration::ZERO).await.unwrap();
    for (size, looks) in sizes.iter().zip(rows.chunks(4)) {
        let requests: Vec<_> = looks.iter().map(|row| row.requests).collect();
        assert_eq!(requests, [1, 0, 1, 1], "{looks:?}");
        assert!(looks[0].bytes >= *size && looks[3].bytes >= *size, "{looks:?}");
        assert!(looks[1].bytes == 0 && looks[2].bytes < 1000, "{looks:?}");
    }
    assert_eq!(table(&rows).lines().count(), 2 + rows.len());
}
