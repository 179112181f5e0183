//! One suite for every backend: async functions over a fresh, empty directory, gated by what the place
//! says it can do. Each case runs by its own name on each place.

#![allow(clippy::unused_async, reason = "all cases have one shape, and so have all places")]

mod kit;
mod listing;
mod moving;
mod naming;
mod packed;
mod places;
mod reading;
mod writing;

/// Runs every case on a place: `suite!(name, how to make a fresh one)`.
macro_rules! suite {
    ($place:ident, $fresh:expr) => {
        suite!(@cases $place, $fresh;
            listing: an_empty_directory_has_no_rows, what_is_missing_is_not_found, a_file_is_no_directory,
                directories_and_markers_show, a_directory_is_made_once, a_row_is_what_stat_tells,
                a_big_listing_is_whole, a_listing_can_be_left, listing_twice_gives_the_same;
            reading: ranges_give_their_bytes, a_range_beyond_the_end_is_invalid, reading_twice_gives_the_same,
                a_read_is_bound_to_its_tag, what_is_no_file_has_no_bytes;
            writing: nothing_shows_before_the_commit, an_aborted_write_leaves_nothing,
                a_dropped_write_shows_nothing, parts_go_in_any_order, a_part_may_be_written_again,
                an_empty_file_is_written, a_size_unknown_before_is_written, a_wrong_length_is_refused,
                a_broken_body_is_refused, a_missing_part_is_refused, absent_keeps_what_is_there,
                matches_keeps_what_changed, matches_replaces_what_was_shown, a_conflict_can_be_agreed_to,
                a_failed_write_keeps_the_old_content, a_write_goes_on_after_a_crash,
                a_file_needs_its_directory, a_directory_is_not_overwritten;
            naming: odd_names_are_exact, a_name_of_blanks_is_exact_or_refused, odd_keys_are_exact, a_name_beside_a_prefix_of_that_name,
                the_longest_name_fits, names_that_are_not_text, impossible_names_are_invalid,
                neighbours_are_left_alone;
            moving: removing_removes_one, removing_is_bound_to_its_tag, what_holds_something_stays,
                many_are_removed_each_with_its_outcome, many_are_removed_bound_to_their_tags,
                a_copy_is_the_same, a_copy_is_bound_on_both_sides, a_rename_moves_everything,
                a_rename_replaces_nothing, a_rename_stays_out_of_itself, links_are_things_of_their_own,
                removing_a_link_keeps_what_it_leads_to, a_thing_is_itself_by_any_name, inside_is_told;
        );
    };
    (@cases $place:ident, $fresh:expr; $($subject:ident: $($case:ident),+;)+) => {
        mod $place {
            use super::*;
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let fresh: Option<places::Fresh> = $fresh.await.into();
                    // Another service that isn't named has no cases.
                    let Some(fresh) = fresh else { return };
                    $subject::$case(&fresh.dir).await;
                    fresh.end().await;
                }
            )+)+
        }
    };
}

/// Runs the cases of reading on an archive of this name.
macro_rules! archive {
    ($place:ident, $name:literal) => {
        suite!(@cases $place, places::archive($name);
            listing: an_empty_directory_has_no_rows, what_is_missing_is_not_found, a_file_is_no_directory,
                directories_and_markers_show, a_row_is_what_stat_tells, a_big_listing_is_whole,
                a_listing_can_be_left, listing_twice_gives_the_same;
            reading: ranges_give_their_bytes, a_range_beyond_the_end_is_invalid, reading_twice_gives_the_same,
                a_read_is_bound_to_its_tag, what_is_no_file_has_no_bytes;
            naming: odd_names_are_exact;
        );
    };
}

suite!(memory_like_s3, places::memory_like_s3(1_000));
suite!(memory_like_s3_by_small_pages, places::memory_like_s3(2));
suite!(memory_like_a_disk, places::memory_like_a_disk());
suite!(local, places::local());
suite!(behind_a_wrapper, places::wrapped());
suite!(s3, places::s3(1_000, false));
suite!(s3_cached, places::s3(1_000, true));
suite!(s3_by_small_pages, places::s3(2, false));
suite!(s3_by_small_pages_cached, places::s3(2, true));
suite!(elsewhere, places::elsewhere());
archive!(zip, "x.zip");
archive!(tar, "x.tar");
archive!(tar_gz, "x.tar.gz");
archive!(tar_zst, "x.tar.zst");
