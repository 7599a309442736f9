//! What a table may hold at most. A file beyond a limit is refused whole, before it can take the machine's memory.

/// Largest file: 20,000 rows with long scopes come to about 13 MB of text, and to less in a workbook.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// Most rows with something in them; the largest bodies have some thousands of service certificates.
pub const MAX_ROWS: usize = 20_000;
/// Most columns; an export of a management system has some dozens, and more says that a sheet is not a roster.
pub const MAX_COLUMNS: usize = 100;
/// Longest cell: a spreadsheet program holds no more characters in one either.
pub const MAX_CELL_CHARS: usize = 32_767;
/// The header row stands within so many rows; titles and notes above it take two or three.
pub const HEADER_WITHIN: usize = 10;

/// Most text of all cells kept together. A workbook may repeat one long shared text in every cell.
pub(super) const MAX_TEXT_BYTES: usize = 32 << 20;
/// Most unpacked bytes of the parts of a workbook that are read: 20,000 wide rows come to about 25 MB of XML.
pub(super) const MAX_UNPACKED_BYTES: usize = 48 << 20;
/// Most entries in the archive of a workbook; a roster has some tens, pictures and comments included.
pub(super) const MAX_PARTS: usize = 2_000;
/// Largest style sheet, sheet list or link list of a workbook. The reader copies texts of these parts once for every
/// entry that refers to them, so size and [`MAX_TAG_BYTES`] together bound its memory.
pub(super) const MAX_SMALL_PART_BYTES: usize = 1 << 20;
/// Longest run between two tags in those parts; the root tag with its namespaces has about 500 bytes.
pub(super) const MAX_TAG_BYTES: usize = 2 << 10;
/// Most tags in the table of shared texts; 20,000 rows with eight texts of their own come to 640,000.
pub(super) const MAX_SHARED_TAGS: usize = 1_000_000;
/// Most shared texts a workbook may announce: the reader makes room for as many before it reads the first one.
pub(super) const MAX_SHARED_TEXTS: u64 = 1_000_000;
/// Sheets looked at for a header row; notes and a template stand before the roster at most.
pub(super) const MAX_SHEETS_TRIED: usize = 5;
/// Most cells met in all sheets looked at, empty ones too: twice what the rows and columns of one roster come to.
/// Several entries of the sheet list may name one large part, and each look costs its whole length.
pub(super) const MAX_CELLS_MET: usize = 2 * MAX_ROWS * MAX_COLUMNS;
/// Most merged regions followed downwards; each costs a walk over its rows.
pub(super) const MAX_MERGED: usize = 20_000;
