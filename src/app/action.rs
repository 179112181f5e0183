//! Everything that a key can do, in one table: [`Action`]. The help, the key bar, the menu and the
//! README's table are made from it.

/// Where an action's keys are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In the panes.
    Panes,
    /// In the jobs panel.
    Jobs,
    /// In the statistics panel.
    Stats,
    /// In a view.
    Viewer,
    /// In the inspector of the caches.
    Held,
}

/// A heading of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "see `Group::title`")]
pub enum Group {
    Move,
    Go,
    Mark,
    Show,
    Work,
    Panels,
    View,
    Jobs,
    Stats,
    Held,
}

impl Group {
    /// Every group, in the order of the help.
    pub const ALL: [Self; 10] = [
        Self::Work,
        Self::Move,
        Self::Go,
        Self::Mark,
        Self::Show,
        Self::Panels,
        Self::View,
        Self::Jobs,
        Self::Stats,
        Self::Held,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Move => "Moving",
            Self::Go => "Going somewhere",
            Self::Mark => "Marking",
            Self::Show => "What is shown, in what order",
            Self::Work => "Files and directories",
            Self::Panels => "Panels and the program",
            Self::View => "In the viewer",
            Self::Jobs => "In the jobs panel",
            Self::Stats => "In the statistics panel",
            Self::Held => "In the list of what is held",
        }
    }
}

/// What the table says of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// The name in a keymap file.
    pub id: &'static str,
    /// The heading that it stands under.
    pub group: Group,
    /// The word in the key bar and the menu.
    pub title: &'static str,
    /// The line in the help.
    pub help: &'static str,
}

macro_rules! actions {
    ($($name:ident $id:literal $group:ident $title:literal $help:literal;)*) => {
        /// Something that a key does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $help] $name,)*
        }

        impl Action {
            /// Every action, in the order of the help.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What the table says of it.
            pub fn info(self) -> Info {
                match self {
                    $(Self::$name => Info { id: $id, group: Group::$group, title: $title, help: $help },)*
                }
            }
        }
    };
}

actions! {
    Help "help" Panels "Help" "show this help";
    Menu "menu" Panels "Menu" "choose from all that can be done now";
    View "view" Work "View" "look into the file: only what is shown is read";
    QuickView "quick-view" Panels "Quick view" "show in the other pane what the cursor is on; Tab goes into it";
    Copy "copy" Work "Copy" "copy what is marked, or the row, to the other pane or elsewhere";
    Move "move" Work "Move" "move what is marked, or the row";
    Rename "rename" Work "Rename" "give the row another name";
    Mkdir "mkdir" Work "Mkdir" "make a directory, or a bucket in a list of buckets";
    Delete "delete" Work "Delete" "delete what is marked, or the row, after asking";
    Edit "edit" Work "Edit" "edit the file in $VISUAL or $EDITOR; an object goes back only over what was fetched";
    OpenWith "open-with" Work "Open with" "open the file in the desktop's program; of an object a copy to look at";
    OpenWatched "open-watched" Work "Open watched" "the same, and write back what the program saves, each time, until the watch is ended";
    Watched "watched" Panels "Watched" "show what is watched, and end a watch";
    Links "links" Work "Link" "make links that let others read or write what is marked, or the row, for a while";
    CopyUri "copy-uri" Work "Copy URI" "put the row's location into the clipboard";
    Jobs "jobs" Panels "Jobs" "show the jobs: progress, failures, cancel, retry";
    Stats "stats" Panels "Statistics" "show requests and the caches in full";
    Inspect "inspect" Panels "What is held" "list what the caches hold: answers in memory, objects and previews on disk";
    ErrorText "error" Panels "Error" "show the last error in full";
    ResumeJobs "resume-jobs" Panels "Resume" "resume the copies and moves that were interrupted or left";
    Suspend "suspend" Panels "Suspend" "suspend the program";
    Quit "quit" Panels "Quit" "leave; asks while jobs run";
    Up "up" Move "Up" "one row up";
    Down "down" Move "Down" "one row down";
    PageUp "page-up" Move "Page up" "one page up";
    PageDown "page-down" Move "Page down" "one page down";
    Top "top" Move "Top" "to the first row";
    Bottom "bottom" Move "Bottom" "to the last row";
    Open "open" Move "Open" "enter the directory, bucket, archive or link; open the file, or view it";
    Parent "parent" Move "Parent" "to the directory above, onto the row one came from";
    Switch "switch" Move "Other pane" "to the other pane";
    Search "search" Move "Search" "jump to the next name that begins as typed";
    GoTo "go-to" Go "Go to" "go to a typed location; Tab completes it";
    Places "places" Go "Places" "choose a connection, the home directory or the root";
    Back "back" Go "Back" "back to where this pane was before";
    Forward "forward" Go "Forward" "forward again";
    Same "same" Go "Same place" "show this directory in the other pane, too";
    Swap "swap" Go "Swap" "swap the panes";
    Refresh "refresh" Go "Refresh" "list this directory again, past the cache";
    Mark "mark" Mark "Mark" "mark or unmark the row and go on";
    MarkGlob "mark-glob" Mark "Mark by pattern" "mark the names that match a pattern such as *.csv";
    UnmarkGlob "unmark-glob" Mark "Unmark by pattern" "unmark the names that match a pattern";
    Invert "invert" Mark "Invert marks" "mark what isn't marked, and the other way round";
    MarkAll "mark-all" Mark "Mark all" "mark every row";
    MarkNone "mark-none" Mark "Unmark all" "remove all marks";
    SortName "sort-name" Show "Sort by name" "sort by name; again: the other way round";
    SortSize "sort-size" Show "Sort by size" "sort by size; again: the other way round";
    SortTime "sort-time" Show "Sort by time" "sort by time; again: the other way round";
    Filter "filter" Show "Filter" "show only names with the typed part; Esc shows all";
    Hidden "hidden" Show "Hidden" "show or hide names that begin with a dot, and markers";
    JobOpen "job-open" Jobs "Open" "show all of the job: its files, failures and attempts";
    JobPause "job-pause" Jobs "Pause" "pause the job, or go on; resume one that was interrupted or left";
    JobCancel "job-cancel" Jobs "Cancel" "cancel the job, after asking";
    JobRetry "job-retry" Jobs "Retry" "do again what failed or was cancelled";
    JobFaster "job-faster" Jobs "Faster" "raise the job's bandwidth limit";
    JobSlower "job-slower" Jobs "Slower" "lower the job's bandwidth limit";
    JobUp "job-up" Jobs "Sooner" "let a waiting job have its turn sooner";
    JobDown "job-down" Jobs "Later" "let a waiting job have its turn later";
    JobUndo "job-undo" Jobs "Undo" "undo deletions and overwrites on a versioned bucket, after asking";
    JobFailures "job-failures" Jobs "Failures" "show what failed, and why";
    JobAnswer "job-answer" Jobs "Answer" "answer what the job asks";
    JobForget "job-forget" Jobs "Remove" "remove a finished job from the list, or a left one from the journal, after asking";
    JobUploads "job-uploads" Jobs "Uploads" "abort uploads of bifold's own that nobody goes on with, after asking";
    ViewUp "view-up" View "Up" "one line up";
    ViewDown "view-down" View "Down" "one line down";
    ViewPageUp "view-page-up" View "Page up" "one screen up";
    ViewPageDown "view-page-down" View "Page down" "one screen down";
    ViewOn "view-on" View "On" "one screen down; on a fold: open or close it";
    ViewTop "view-top" View "Top" "to the beginning";
    ViewBottom "view-bottom" View "Bottom" "to the end";
    ViewLeft "view-left" View "Left" "to the left, where lines are long";
    ViewRight "view-right" View "Right" "to the right";
    ViewGoTo "view-go-to" View "Go to" "to a line (120), a share (50%) or an offset (0x1f40)";
    ViewSearch "view-search" View "Search" "look for a regular expression; nothing typed: the last one";
    ViewSearchUp "view-search-up" View "Search up" "look for one upwards";
    ViewNext "view-next" View "Next" "to the next place that was looked for";
    ViewPrevious "view-previous" View "Previous" "to the one before";
    ViewWrap "view-wrap" View "Wrap" "wrap long lines, or don't";
    ViewHex "view-hex" View "Hex" "show bytes, or again what they mean";
    ViewKind "view-kind" View "Kind" "show it in the next way: a table as text, for instance";
    ViewFold "view-fold" View "Fold" "open or close what the cursor is on";
    ViewFoldAll "view-fold-all" View "Fold all" "open or close all";
    ViewFollow "view-follow" View "Follow" "stay at the end as it grows, or don't";
    ViewEncoding "view-encoding" View "Encoding" "read the text in the next encoding";
    ViewAnew "view-anew" View "Refresh" "look how it is now";
    ViewNextFile "view-next-file" View "Next file" "to the next file of the pane";
    ViewPreviousFile "view-previous-file" View "Previous file" "to the file before";
    ViewClose "view-close" View "Close" "back to the panes; ends a search first";
    StatsInspect "stats-inspect" Stats "What is held" "list what the caches hold";
    ClearCache "clear-cache" Stats "Clear cache" "forget all answers that are held in memory";
    HeldNext "held-next" Held "Next cache" "to the next cache";
    HeldPrevious "held-previous" Held "Previous cache" "to the cache before";
    HeldGo "held-go" Held "Go there" "show its directory in the pane, the cursor on it";
    HeldFilter "held-filter" Held "Filter" "show only what lies below a location; nothing typed: all";
    HeldDrop "held-drop" Held "Forget" "forget it: when it is wanted again it is fetched again";
    HeldDropBelow "held-drop-below" Held "Forget below" "forget all that lies below a location, after asking";
    HeldPin "held-pin" Held "Pin" "keep it whatever the bounds say, or no longer";
    HeldVerify "held-verify" Held "Verify" "read and check it; what is damaged is forgotten";
    HeldVerifyAll "held-verify-all" Held "Verify all" "the same for all that is listed";
    HeldRefresh "held-refresh" Held "Refresh" "list anew what is held";
}

impl Action {
    /// Where its keys are heard.
    pub fn scope(self) -> Scope {
        match self.info().group {
            Group::Jobs => Scope::Jobs,
            Group::Stats => Scope::Stats,
            Group::View => Scope::Viewer,
            Group::Held => Scope::Held,
            _ => Scope::Panes,
        }
    }

    /// The action of this name in a keymap file.
    pub fn by_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.info().id == id)
    }

    /// Whether it can lead to something being overwritten or removed, even if it asks first.
    pub fn is_destructive(self) -> bool {
        matches!(self, Self::Move | Self::Rename | Self::Delete)
    }
}
