//! Presigned links: what is asked for ([`LinkQuestion`]), and what came of it ([`Signed`]).

mod code;
mod signed;

use std::time::Duration;

use super::{Dialog, EqInput};
use crate::app::actions;
use crate::app::cmd::Cmd;
use crate::app::key::{Code as KeyCode, Key};
use crate::app::msg::ReqId;
use crate::app::state::State;
use crate::model::link::LONGEST;
use crate::model::units::{time, time_text};
use crate::model::{Entry, Kind, LinkAsk, LinkHeaders, LinkMethod, Op, Uri};

pub use code::Code;
pub use signed::Signed;
pub(in crate::app) use signed::{press as press_signed, signed};

/// The most objects that one question makes links to.
const MOST: usize = 10_000;

/// A line of the question that is typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// How long it works.
    Expires,
    /// Content-Type.
    ContentType,
    /// Content-Disposition.
    Disposition,
    /// Cache-Control.
    CacheControl,
    /// The version to read.
    Version,
}

impl Field {
    /// All, in the order of the screen.
    pub const ALL: [Self; 5] =
        [Self::Expires, Self::ContentType, Self::Disposition, Self::CacheControl, Self::Version];

    /// What stands before it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Expires => "works for",
            Self::ContentType => "Content-Type",
            Self::Disposition => "Content-Disposition",
            Self::CacheControl => "Cache-Control",
            Self::Version => "version",
        }
    }
}

/// Which links to make.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkQuestion {
    /// The objects.
    pub uris: Vec<Uri>,
    /// What the links are for.
    pub method: LinkMethod,
    /// What is typed, by [`Field::ALL`].
    pub inputs: [EqInput; 5],
    /// The line that has the keys: 0 is the method, then the fields.
    pub focus: usize,
    /// What is wrong with what was typed.
    pub problem: Option<String>,
    /// The signing under way.
    pub signing: Option<ReqId>,
}

impl LinkQuestion {
    /// The fields that apply: a version is for reading one object.
    pub fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        let version = self.method == LinkMethod::Get && self.uris.len() == 1;
        Field::ALL.into_iter().filter(move |field| *field != Field::Version || version)
    }

    fn typed(&self, field: Field) -> Option<String> {
        let text = self.inputs[field as usize].text().trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The link that is asked for, or what is wrong.
    fn ask(&self) -> Result<LinkAsk, String> {
        let expires = self.typed(Field::Expires).as_deref().and_then(time);
        let expires = expires.filter(|life| *life >= Duration::from_secs(1));
        let expires = expires.ok_or("how long does it work? Type such as 15min, 12h or 7d")?;
        if expires > LONGEST {
            return Err("no link works for more than 7d".to_owned());
        }
        let headers = LinkHeaders {
            content_type: self.typed(Field::ContentType),
            content_disposition: self.typed(Field::Disposition),
            cache_control: self.typed(Field::CacheControl),
            ..LinkHeaders::default()
        };
        let applies = self.fields().any(|field| field == Field::Version);
        let version = self.typed(Field::Version).filter(|_| applies).map(Into::into);
        Ok(LinkAsk { method: self.method, expires, version, headers })
    }
}

/// Asks which links to make to what is chosen.
pub(in crate::app) fn open(state: &mut State) {
    let pane = state.active_pane();
    if pane.uri.as_s3().is_none() {
        let archive = pane.uri.as_archive().is_some();
        let place = if archive { "in an archive" } else { "a local directory" };
        return state.refuse(format!("only objects have links: this is {place}"));
    }
    let Some(chosen) = actions::chosen(pane) else {
        return state.refuse("nothing is chosen: put the cursor on an object, or mark some");
    };
    let is_object = |entry: &Entry| entry.kind == Kind::File;
    if !chosen.sources.iter().all(|item| is_object(&item.entry)) {
        return state.refuse("a link leads to one object, not to a directory or a bucket");
    }
    if chosen.sources.len() > MOST {
        return state.refuse(format!("that is more than {MOST} links: bifold presign makes any number"));
    }
    let mut inputs: [EqInput; 5] = Default::default();
    inputs[Field::Expires as usize] = EqInput::new(time_text(state.link_life));
    state.dialogs.push(Dialog::Links(Box::new(LinkQuestion {
        uris: chosen.sources.into_iter().map(|item| item.uri).collect(),
        method: LinkMethod::Get,
        inputs,
        focus: 0,
        problem: None,
        signing: None,
    })));
}

pub(in crate::app) fn press(state: &mut State, key: Key) {
    match key.code {
        KeyCode::Esc => leave(state),
        KeyCode::Enter => submit(state),
        _ => edit(state, key),
    }
}

fn top(state: &mut State) -> Option<&mut LinkQuestion> {
    match state.dialogs.last_mut() {
        Some(Dialog::Links(question)) => Some(question),
        _ => None,
    }
}

/// Leaves; nobody waits for the links any more.
fn leave(state: &mut State) {
    let signing = top(state).and_then(|question| question.signing.take());
    state.cancel(signing);
    state.dialogs.pop();
}

fn edit(state: &mut State, key: Key) {
    let Some(question) = top(state).filter(|question| question.signing.is_none()) else { return };
    let lines = question.fields().count() + 1;
    match key.code {
        KeyCode::Up => question.focus = (question.focus + lines - 1) % lines,
        KeyCode::Tab if key.shift => question.focus = (question.focus + lines - 1) % lines,
        KeyCode::Down | KeyCode::Tab => question.focus = (question.focus + 1) % lines,
        KeyCode::Left | KeyCode::Right | KeyCode::Char(' ') if question.focus == 0 => turn(question),
        _ => type_into(question, key),
    }
}

fn turn(question: &mut LinkQuestion) {
    question.method = match question.method {
        LinkMethod::Get => LinkMethod::Put,
        LinkMethod::Put => LinkMethod::Get,
    };
    question.problem = None;
}

fn type_into(question: &mut LinkQuestion, key: Key) {
    let field = question.focus.checked_sub(1).and_then(|at| question.fields().nth(at));
    if let Some(field) = field {
        question.inputs[field as usize].press(key);
        question.problem = None;
    }
}

/// Takes pasted text into the line that has the keys.
pub(in crate::app) fn paste(question: &mut LinkQuestion, text: &str) {
    let field = question.focus.checked_sub(1).and_then(|at| question.fields().nth(at));
    if let Some(field) = field {
        question.inputs[field as usize].paste(text);
    }
}

fn submit(state: &mut State) {
    let Some(question) = top(state).filter(|question| question.signing.is_none()) else { return };
    let (asked, uris) = (question.ask(), question.uris.clone());
    let refused = |state: &State, ask: &LinkAsk| {
        let writes = ask.method == LinkMethod::Put;
        uris.first().filter(|_| writes).and_then(|uri| state.refusal(Op::Link, uri))
    };
    let asked = asked.and_then(|ask| match refused(state, &ask) {
        Some(error) => Err(error.to_string()),
        None => Ok(ask),
    });
    match asked {
        Err(problem) => {
            if let Some(question) = top(state) {
                question.problem = Some(problem);
            }
        }
        Ok(ask) => {
            let req = state.request();
            if let Some(question) = top(state) {
                question.signing = Some(req);
            }
            state.send(Cmd::Presign { req, uris, ask: Box::new(ask) });
        }
    }
}
