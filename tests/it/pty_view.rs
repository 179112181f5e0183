//! The viewer and the quick view of the real program in a pseudo-terminal, requests counted at the server.

use demo::{Blob, Effect, Rule};

use super::terminal::{F10, Place, READY, Terminal};

const F3: &str = "\x1bOR";
const CTRL_Q: &str = "\x11";
const ESC: &str = "\x1b";

/// Numbered lines.
fn lines(count: usize) -> String {
    (1..=count).map(|at| format!("line number {at}\n")).collect()
}

#[track_caller]
fn quit(mut terminal: Terminal) {
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
}

fn gets(place: &Place) -> u64 {
    place.server.counts().get("GetObject")
}

#[test]
fn a_file_is_viewed_and_left_again() {
    let place = Place::new();
    place.write("a.txt", lines(500).as_bytes());
    place.write("b.txt", b"the second file\n");
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("b.txt");
    terminal.keys("j");
    terminal.keys(F3);
    terminal.see("line number 12");
    terminal.wait("the whole screen", |screen| !screen.contents().contains("b.txt"));
    terminal.keys("]");
    terminal.see("the second file");
    terminal.resize(40, 12);
    terminal.see("the second file");
    terminal.resize(1, 1);
    terminal.resize(100, 30);
    terminal.see("the second file");
    // A key that comes together with a new size is heard only with the next one.
    terminal.see("F10q Close");
    terminal.keys("q");
    terminal.wait("the panes", |screen| screen.contents().contains("a.txt"));
    quit(terminal);
}

#[test]
fn the_first_screen_of_an_object_is_one_request_for_a_range() {
    let place = Place::new();
    place.server.store().put("box", "big.log", lines(400_000));
    let mut terminal = place.bifold(&["s3://box/", "."]);
    terminal.see("big.log");
    terminal.keys("jv");
    terminal.see("line number 12");
    assert_eq!(gets(&place), 1);
    let bytes = place.server.counts().bytes_out;
    assert!(bytes < 100_000, "{bytes} bytes were sent for the head of 9 MB");
    terminal.keys("q");
    terminal.see(READY);
    quit(terminal);
    assert_eq!(place.server.counts().get("HeadObject"), 0);
}

#[test]
fn the_keys_of_the_viewer_are_in_the_bar_and_a_directory_says_so() {
    let place = Place::new();
    std::fs::create_dir(place.path("dir")).unwrap();
    place.write("f", b"text\n");
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("dir/");
    terminal.keys("j");
    terminal.keys(F3);
    terminal.see("this is a directory");
    terminal.keys("j");
    terminal.keys("\x1b3");
    terminal.see("Close");
    terminal.see("Hex");
    terminal.keys("/");
    terminal.see("search:");
    terminal.keys(ESC);
    terminal.wait("the foot", |screen| !screen.contents().contains("search:"));
    terminal.keys("q");
    terminal.see("Mkdir");
    quit(terminal);
}

#[test]
fn a_held_key_through_a_thousand_objects_costs_few_requests() {
    let place = Place::new();
    for at in 0..1_000 {
        place.server.store().put("box", &format!("d/{at:04}.txt"), format!("body of {at:04}\n"));
    }
    let mut terminal = place.bifold(&["--set", "preview.prefetch=0", "s3://box/d/", "."]);
    terminal.see("1,000");
    terminal.keys("j");
    terminal.keys(CTRL_Q);
    terminal.see("body of 0000");
    let before = gets(&place);
    for _ in 0..100 {
        terminal.keys("jjjjjjjjjj");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    terminal.see("body of 0999");
    let cost = gets(&place) - before;
    assert!(cost <= 5, "{cost} requests for a key held through 1,000 objects");
    terminal.keys(CTRL_Q);
    terminal.wait("the other pane", |screen| !screen.contents().contains("body of 0999"));
    quit(terminal);
    assert_eq!(place.server.counts().get("ListObjectsV2"), 1);
}

#[test]
fn the_view_beside_takes_keys_after_tab() {
    let place = Place::new();
    place.write("a.txt", lines(500).as_bytes());
    place.write("b.txt", b"the second file\n");
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("b.txt");
    terminal.keys(CTRL_Q);
    terminal.see("shows what the cursor is on");
    terminal.keys("j");
    terminal.see("line number 12");
    terminal.keys("\tG");
    terminal.see("line number 500");
    terminal.keys("\tj");
    terminal.see("the second file");
    quit(terminal);
}

#[test]
fn no_byte_of_a_file_reaches_the_terminal_unescaped() {
    let place = Place::new();
    let hostile = "\u{1b}[31mred \u{1b}]52;c;QUJD\u{7} a\u{202e}b \u{9b}31m\nend of it\n";
    place.write("evil\u{1b}[31m.txt", hostile.as_bytes());
    place.server.store().put("box", "evil\u{1b}]0;x\u{7}.txt", hostile);
    for (left, right) in [(".", "s3://box/"), ("s3://box/", ".")] {
        let mut terminal = place.bifold(&[left, right]);
        terminal.wait("both lists", |screen| screen.contents().matches("evil").count() >= 2);
        terminal.keys("j");
        terminal.keys(CTRL_Q);
        terminal.see("end of it");
        terminal.keys("v");
        terminal.wait("the whole screen", |screen| {
            screen.contents().contains("end of it") && screen.contents().contains("Close")
        });
        terminal.keys("x");
        terminal.see("hex");
        terminal.keys("q");
        terminal.see("Mkdir");
        terminal.keys(F10);
        terminal.ended();
        let raw = terminal.raw();
        let text = String::from_utf8_lossy(&raw);
        for foreign in ["\u{1b}[31mred", "\u{1b}[31m.txt", "\u{1b}]", "\u{202e}", "\u{9b}", "\u{7}"] {
            assert!(!text.contains(foreign), "{foreign:?} in the view of {left}");
        }
    }
}

/// Names that a terminal would obey, or that are no plain names, each by a letter in front.
const NAMES: [&str; 9] = [
    "a\u{1b}[31mred.txt",
    "b\u{1b}]52;c;QUJD\u{7}.txt",
    "c\u{202e}gpj.txt",
    "d\nline\r.txt",
    "e\u{9b}31m.txt",
    "f%1b%5b31m%0a.txt",
    "g\u{200b}\u{feff}.txt",
    "h//i.txt",
    "j\\..\\k\t.txt",
];

/// What of those names would be obeyed, as the program itself never writes it.
const OBEYED: [&str; 9] =
    ["\u{1b}[31mred", "\u{1b}]", "\u{7}", "\u{202e}", "d\nline", "\u{9b}", "\u{200b}", "\u{feff}", "k\t"];

#[track_caller]
fn obeys_nothing(terminal: &Terminal) {
    let raw = terminal.raw();
    let text = String::from_utf8_lossy(&raw);
    for foreign in OBEYED {
        assert!(!text.contains(foreign), "{foreign:?}");
    }
}

#[test]
fn no_key_reaches_the_terminal_unescaped_by_the_viewers_title() {
    let place = Place::new();
    let long = format!("{}.txt", "l".repeat(1_000));
    for name in NAMES.into_iter().chain([&*long]) {
        place.server.store().put("box", name, format!("body of {}\n", &name[..1]));
    }
    let mut terminal = place.bifold(&["s3://box/", "."]);
    terminal.see("red.txt");
    terminal.keys("jj");
    for name in ["a", "b", "c", "d", "e", "f", "g", "j", "l"] {
        terminal.keys(if name == "a" { "v" } else { "]" });
        terminal.see(&format!("body of {name}"));
    }
    terminal.keys("q");
    terminal.see("Mkdir");
    // `h/` is a directory that holds one without a name.
    terminal.keys(":s3://box/h//\r");
    terminal.see("i.txt");
    terminal.keys("jv");
    terminal.see("body of h");
    terminal.keys("q");
    terminal.see("Mkdir");
    quit_quickly(&mut terminal);
    obeys_nothing(&terminal);
}

fn quit_quickly(terminal: &mut Terminal) {
    terminal.keys(F10);
    assert!(terminal.ended().success());
}

#[test]
fn no_name_in_an_archive_reaches_the_terminal_unescaped() {
    let place = Place::new();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in NAMES {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, format!("body of {}\n", &name[..1]).as_bytes()).unwrap();
    }
    place.write("x.zip", &writer.finish().unwrap().into_inner());
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("x.zip");
    terminal.keys("jv");
    terminal.see("9 members");
    terminal.keys("q");
    terminal.see("Mkdir");
    terminal.keys("\r");
    terminal.see("red.txt");
    terminal.keys("jj");
    for name in ["a", "b", "c", "d", "e", "f", "g", "j"] {
        terminal.keys(if name == "a" { "v" } else { "]" });
        terminal.see(&format!("body of {name}"));
    }
    terminal.keys("q");
    terminal.see("red.txt");
    quit_quickly(&mut terminal);
    obeys_nothing(&terminal);
}

#[test]
fn what_is_left_behind_is_given_up() {
    let place = Place::new();
    for name in ["a.txt", "b.txt", "c.txt"] {
        place.server.store().put("box", name, lines(50_000));
    }
    let stalls = |key: &str| {
        place.server.faults().add(Rule::on("GetObject", Effect::StallBody(1_000)).key(key));
    };
    let given_up = |count: u64| {
        place.until("an answer given up", |place| place.server.counts().given_up >= count);
    };
    let mut terminal = place.bifold(&["--set", "preview.prefetch=0", "s3://box/", "."]);
    terminal.see("c.txt");
    stalls("a.txt");
    terminal.keys("j");
    terminal.keys(CTRL_Q);
    place.until("the first request", |place| gets(place) == 1);
    terminal.keys("j");
    terminal.see("line number 12");
    given_up(1);
    assert_eq!(gets(&place), 2, "the quick view moved on");
    terminal.keys(CTRL_Q);
    stalls("c.txt");
    terminal.keys("jv");
    place.until("the viewer's request", |place| gets(place) == 3);
    terminal.keys("q");
    terminal.see("Mkdir");
    given_up(2);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let counts = place.server.counts();
    assert!(counts.get("GetObject") == 3 && counts.bytes_out < 100_000, "{counts:?}");
    quit(terminal);
}

#[test]
fn what_holds_nothing_says_so_and_what_tells_no_size_is_shown() {
    let place = Place::new();
    for name in ["a.txt", "b.json", "c.zip", "d.png"] {
        place.write(name, b"");
    }
    let mut terminal = place.bifold(&[".", "/proc/self"]);
    terminal.see("d.png");
    for name in ["a.txt", "b.json", "c.zip", "d.png"] {
        terminal.keys(if name == "a.txt" { "jv" } else { "]" });
        terminal.wait(name, |screen| {
            let contents = screen.contents();
            contents.contains("Nothing is in this file.")
                && contents.contains(name)
                && !contents.contains("damaged")
        });
    }
    terminal.keys("q");
    terminal.see("Mkdir");
    terminal.keys("\t/status\r");
    terminal.wait("the filter", |screen| !screen.contents().contains("cmdline"));
    terminal.keys("Gv");
    terminal.see("VmRSS");
    terminal.keys("q");
    terminal.see("Mkdir");
    quit(terminal);
}

#[test]
fn a_directory_under_a_resting_cursor_is_there_when_it_is_entered() {
    let place = Place::new();
    for dir in ["one", "two"] {
        place.server.store().put("box", &format!("{dir}/in {dir}"), "x");
    }
    let mut terminal = place.bifold(&["s3://box/", "."]);
    terminal.resize(160, 40);
    terminal.see("two/");
    let lists = |place: &Place| place.server.counts().get("ListObjectsV2");
    assert_eq!(lists(&place), 1, "a program that was only started asks nothing ahead");
    terminal.keys("j");
    place.until("the listing ahead", |place| lists(place) == 2);
    terminal.see("ahead 1/30 a min");
    terminal.keys("\r");
    terminal.see("in one");
    quit(terminal);
    assert_eq!(lists(&place), 2);
}

#[test]
fn what_is_asked_ahead_stays_within_its_budget() {
    let place = Place::new();
    for at in 0..20 {
        place.server.store().put("box", &format!("d{at:02}/x"), "x");
    }
    let lists = |place: &Place| place.server.counts().get("ListObjectsV2");
    for (budget, most) in [("0", 1), ("4", 5)] {
        let before = lists(&place);
        let set = format!("preview.prefetch={budget}");
        let mut terminal = place.bifold(&["--set", &set, "s3://box/", "."]);
        terminal.see("d19/");
        for _ in 0..8 {
            terminal.keys("j");
            std::thread::sleep(std::time::Duration::from_millis(450));
        }
        quit(terminal);
        let sent = lists(&place) - before;
        assert!(sent <= most, "{sent} listings with a budget of {budget}");
        assert!(budget == "0" || sent >= 3, "{sent} listings: nothing was asked ahead");
    }
}

/// A picture of one colour.
fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb(colour));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_picture_is_drawn_by_half_blocks_and_wiped_off() {
    let place = Place::new();
    place.server.store().put("box", "red.png", png(200, 100, [200, 10, 20]));
    let mut command = place.command(env!("CARGO_BIN_EXE_bifold"));
    command.env("COLORTERM", "truecolor");
    command.args(["s3://box/", "."]);
    let mut terminal = Terminal::start(command);
    terminal.see("red.png");
    terminal.keys("jv");
    let red = |screen: &vt100::Screen, row, column| {
        screen.cell(row, column).is_some_and(|cell| cell.bgcolor() == vt100::Color::Rgb(200, 10, 20))
    };
    terminal.wait("the picture", |screen| red(screen, 1, 0) && red(screen, 20, 90));
    terminal.see("200 × 100");
    // A dialog lies over it, and it comes back.
    terminal.keys("\x1bOP");
    terminal.see("In the viewer");
    terminal.keys(ESC);
    terminal.wait("the picture again", |screen| red(screen, 1, 0));
    terminal.resize(60, 20);
    terminal.wait("a smaller one", |screen| red(screen, 1, 59) && !red(screen, 17, 0));
    terminal.keys("q");
    terminal.wait("the panes", |screen| screen.contents().contains("Mkdir") && !red(screen, 1, 0));
    quit(terminal);
    assert_eq!(gets(&place), 1);
}

#[test]
fn each_protocol_is_spoken_and_what_stays_is_removed() {
    let place = Place::new();
    place.write("red.png", &png(64, 64, [200, 10, 20]));
    place.write("sad.txt", b"after the picture\n");
    for (images, begins, ends) in [
        ("kitty", "\u{1b}_Gq=2,i=", "\u{1b}_Gq=2,a=d,d=I,i="),
        ("sixel", "\u{1b}P", ""),
        ("iterm2", "\u{1b}]1337;File=inline=1", ""),
    ] {
        let set = format!("preview.images={images}");
        let mut terminal = place.bifold(&["--set", &set, ".", "s3://box/"]);
        terminal.see("sad.txt");
        terminal.keys("jv");
        place.until(images, |_| String::from_utf8_lossy(&terminal.raw()).contains(begins));
        terminal.keys("]");
        terminal.see("after the picture");
        place.until(images, |_| String::from_utf8_lossy(&terminal.raw()).contains(ends));
        terminal.keys("q");
        terminal.see("Mkdir");
        quit(terminal);
    }
}

#[test]
fn without_pictures_the_view_says_so() {
    let place = Place::new();
    place.write("red.png", &png(64, 64, [200, 10, 20]));
    let mut terminal = place.bifold(&["--set", "preview.images=off", ".", "s3://box/"]);
    terminal.see("red.png");
    terminal.keys("jv");
    terminal.see("Pictures aren't drawn");
    terminal.keys("q");
    terminal.see("Mkdir");
    quit(terminal);
}

#[test]
fn an_archive_is_entered_and_its_files_are_viewed() {
    let place = Place::new();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(11);
    header.set_mode(0o644);
    tar.append_data(&mut header, "docs/a.txt", &b"inside it \n"[..]).unwrap();
    place.server.store().put("box", "x.tar", tar.into_inner().unwrap());
    let mut terminal = place.bifold(&["s3://box/", "."]);
    terminal.see("x.tar");
    terminal.keys("j\r");
    terminal.see("docs/");
    terminal.keys("j\r");
    terminal.see("a.txt");
    terminal.keys("jv");
    terminal.see("inside it");
    terminal.keys("q");
    terminal.see("a.txt");
    terminal.keys("\x7f\x7f");
    terminal.see("x.tar");
    quit(terminal);
}

#[test]
fn a_large_packed_tar_is_fetched_only_after_asking_however_one_gets_there() {
    let place = Place::new();
    let size = 70 << 20;
    place.server.store().put("box", "big.tar.gz", Blob::repeat("no archive at all\n".to_owned(), size));
    let mut terminal = place.bifold(&["s3://box/big.tar.gz!/", "."]);
    terminal.resize(160, 30);
    terminal.see("all of its 73 MB were read");
    terminal.see("Enter it from its row");
    terminal.keys("h");
    terminal.see("▸ big.tar.gz");
    assert_eq!(gets(&place), 0);
    terminal.keys("\r");
    terminal.see("Fetch 73 MB to enter s3://box/big.tar.gz");
    terminal.keys("f");
    terminal.see("Unpack it with another program.");
    assert!(gets(&place) > 0);
    quit(terminal);
}

#[test]
fn json_folds_and_hex_leads_back_to_it() {
    let place = Place::new();
    place.write("a.json", br#"{"first": {"second": [1, 2, 3]}, "third": "text"}"#);
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("a.json");
    terminal.keys("jv");
    terminal.see("\"second\"");
    terminal.keys("z");
    terminal.wait("a closed fold", |screen| !screen.contents().contains("\"second\""));
    terminal.keys("x");
    terminal.see("7b 22 66");
    terminal.keys("x");
    terminal.see("JSON");
    terminal.keys("q");
    terminal.see("Mkdir");
    quit(terminal);
}

#[test]
fn a_search_that_would_read_much_asks_and_stops_where_it_is() {
    let place = Place::new();
    place.server.store().put("box", "big.log", lines(400_000));
    let mut terminal = place.bifold(&["--set", "preview.search_ask=1MB", "s3://box/", "."]);
    terminal.see("big.log");
    terminal.keys("jv");
    terminal.see("line number 12");
    terminal.keys("/no such thing\r");
    terminal.see("Stop here");
    terminal.see("request");
    terminal.keys("\r");
    terminal.wait("no question", |screen| !screen.contents().contains("Stop here"));
    let read = place.server.counts().bytes_out;
    assert!(read < 3_000_000, "{read} bytes were read before anybody agreed");
    terminal.keys("/line number 399999$\r");
    terminal.see("Stop here");
    terminal.keys("r");
    terminal.see("line number 399999");
    terminal.keys("q");
    terminal.see("Mkdir");
    quit(terminal);
}

#[test]
fn what_was_asked_ahead_is_not_looked_up_for_the_figures() {
    let place = Place::new();
    for dir in ["one", "two"] {
        place.server.store().put("box", &format!("{dir}/x"), "x");
    }
    let mut terminal = place.bifold(&["s3://box/", "."]);
    terminal.resize(160, 40);
    terminal.see("two/");
    let rest = || std::thread::sleep(std::time::Duration::from_millis(600));
    for key in ["j", "j", "k", "j", "k", "j"] {
        terminal.keys(key);
        rest();
    }
    terminal.see("0 saved");
    terminal.see("0 hits");
    terminal.keys("\r");
    terminal.see("1 saved");
    quit(terminal);
    assert_eq!(place.server.counts().get("ListObjectsV2"), 3);
}
