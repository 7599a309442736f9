//! The time at which an answer was asked for, in answers that are kept: where it belongs they have room for it, and it is put there as the
//! answer leaves. Room is as long as what comes there, and made of noncharacters, which no text on record may hold.

use crate::domain::dates::CHINA;
use crate::service::ground::is_time_of_asking;
use jiff::Timestamp;

/// Room for an instant, `2026-11-26T18:35:13.704Z`.
const INSTANT: &str = "\u{fdd0}\u{fdd1}\u{fdd1}\u{fdd1}\u{fdd1}\u{fdd1}\u{fdd1}\u{fdd1}";
/// Room for a day, `2026-11-26`.
const DAY: &str = "\u{fdd2}\u{fdd1}\u{fdd1}-";
/// Room for a time of day, `18:35`.
const TIME: &str = "\u{fdd3}--";
/// How the three begin in UTF-8, before the byte that tells them apart.
const LEAD: [u8; 2] = [0xef, 0xb7];

/// An instant (RFC 3339).
pub fn instant(at: Timestamp) -> String {
    if is_time_of_asking(at) { INSTANT.to_owned() } else { at.to_string() }
}

/// An instant as people read it, China time.
pub fn clock(at: Timestamp) -> String {
    match is_time_of_asking(at) {
        true => format!("{DAY} {TIME}"),
        false => CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string(),
    }
}

/// Whether that is room for a day.
pub fn is_day(text: &[u8]) -> bool {
    text == DAY.as_bytes()
}

/// What comes into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An instant.
    Instant,
    /// A day.
    Day,
    /// A time of day.
    Time,
}

impl Form {
    const ALL: [Self; 3] = [Self::Instant, Self::Day, Self::Time];

    const fn room(self) -> &'static str {
        match self {
            Self::Instant => INSTANT,
            Self::Day => DAY,
            Self::Time => TIME,
        }
    }

    /// Its place in [`Form::ALL`].
    const fn number(self) -> u8 {
        match self {
            Self::Instant => 0,
            Self::Day => 1,
            Self::Time => 2,
        }
    }
}

/// Where in a body there is room, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Offset of its first byte.
    pub at: u32,
    /// What comes there.
    pub form: Form,
}

impl Room {
    /// The bytes of it.
    pub fn place(self) -> std::ops::Range<usize> {
        let at = self.at as usize;
        at..at + self.form.room().len()
    }

    /// Bytes of [`Room::to_bytes`].
    pub const BYTES: usize = 5;

    /// As it is kept.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let [a, b, c, d] = self.at.to_be_bytes();
        [a, b, c, d, self.form.number()]
    }

    /// Reads what is kept.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, form) = bytes.split_first_chunk()?;
        Some(Self { at: u32::from_be_bytes(*at), form: *Form::ALL.get(usize::from(*form.first()?))? })
    }
}

/// All the room in a body.
pub fn rooms(body: &[u8]) -> Vec<Room> {
    let mut found = vec![];
    let mut at = 0;
    while let Some(rest) = body.get(at..)
        && let Some(next) = rest.windows(2).position(|w| w == LEAD)
    {
        at += next;
        let form = Form::ALL.into_iter().find(|f| body[at..].starts_with(f.room().as_bytes()));
        found.extend(form.and_then(|form| Some(Room { at: u32::try_from(at).ok()?, form })));
        at += form.map_or(LEAD.len(), |f| f.room().len());
    }
    found
}

/// A time in all three forms.
pub struct Stamp {
    instant: [u8; 24],
    /// `YYYY-MM-DD HH:MM`
    clock: [u8; 16],
}

impl Stamp {
    /// Of that time.
    pub fn of(at: Timestamp) -> Self {
        let utc = jiff::tz::Offset::UTC.to_datetime(at);
        let mut stamp = Self { instant: *b"0000-00-00T00:00:00.000Z", clock: *b"0000-00-00 00:00" };
        let put = |to: &mut [u8], from: usize, digits: usize, value: i32| {
            let mut value = value.unsigned_abs();
            for place in to[from..from + digits].iter_mut().rev() {
                *place = b'0' + (value % 10) as u8;
                value /= 10;
            }
        };
        let day_and_time = |to: &mut [u8], at: jiff::civil::DateTime| {
            put(to, 0, 4, at.year().into());
            put(to, 5, 2, at.month().into());
            put(to, 8, 2, at.day().into());
            put(to, 11, 2, at.hour().into());
            put(to, 14, 2, at.minute().into());
        };
        day_and_time(&mut stamp.instant, utc);
        put(&mut stamp.instant, 17, 2, utc.second().into());
        put(&mut stamp.instant, 20, 3, utc.subsec_nanosecond() / 1_000_000);
        day_and_time(&mut stamp.clock, CHINA.to_datetime(at));
        stamp
    }

    fn text(&self, form: Form) -> &[u8] {
        match form {
            Form::Instant => &self.instant,
            Form::Day => &self.clock[..10],
            Form::Time => &self.clock[11..],
        }
    }

    /// Puts it into the room.
    pub fn fill(&self, body: &mut [u8], rooms: impl Iterator<Item = Room>) {
        for Room { at, form } in rooms {
            let text = self.text(form);
            if let Some(place) = body.get_mut(Room { at, form }.place()) {
                place.copy_from_slice(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn room_is_as_long_as_what_comes_there() {
        let stamp = Stamp::of(Timestamp::UNIX_EPOCH);
        for form in Form::ALL {
            assert_eq!(form.room().len(), stamp.text(form).len(), "{form:?}");
            assert_eq!(Form::ALL[usize::from(form.number())], form);
            let room = Room { at: 70_000, form };
            assert_eq!(Room::from_bytes(&room.to_bytes()), Some(room));
        }
        assert_eq!(Room::from_bytes(&[0; 4]), None);
        assert_eq!(Room::from_bytes(&[0, 0, 0, 0, 3]), None);
    }

    proptest! {
        #[test]
        fn a_body_with_room_becomes_the_body_with_the_time(ms in 0i64..4_000_000_000_000, before in "\\PC{0,9}", after in "\\PC{0,9}") {
            let at = Timestamp::from_millisecond(ms).unwrap();
            let marked = at + jiff::SignedDuration::from_nanos(1);
            let body = |at| format!("{before}{}{after}{}。{}", instant(at), clock(at), instant(at));
            let mut kept = body(marked).into_bytes();
            let rooms = rooms(&kept);
            prop_assert_eq!(rooms.len(), 4);
            Stamp::of(at).fill(&mut kept, rooms.into_iter());
            let millis = CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
            let whole = jiff::tz::Offset::UTC.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
            prop_assert_eq!(String::from_utf8(kept).unwrap(), format!("{before}{whole}{after}{millis}。{whole}"));
        }
    }
}
