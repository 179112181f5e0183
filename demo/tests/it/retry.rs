//! What a retry sends, as the demo's table tells it.

use std::time::Duration;

use demo::retry::{measure, table};

const SIZE: u64 = 50 << 20;

#[tokio::test]
async fn a_retry_sends_what_is_missing_and_no_more() {
    let rows = measure(SIZE, Duration::ZERO).await.unwrap();
    assert_eq!(rows.len(), 3);
    for row in &rows {
        let [first, again] = row.attempts;
        assert!(first.bytes >= SIZE * 8 / 10, "{row:?}");
        assert!(again.bytes >= SIZE / 20 && again.bytes <= SIZE / 4, "{row:?}");
    }
    // A request for each of the files that were refused, and nothing of the ninety others.
    assert!(rows[2].attempts[1].requests <= 25, "{:?}", rows[2]);
    let table = table(&rows);
    assert_eq!(table.lines().count(), 2 + rows.len(), "{table}");
}
