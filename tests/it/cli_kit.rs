//! Runs the real binary on data directories of its own.

use jiff::civil::Date;
use serde_json::{Value, json};
use starmark::domain::dates::{add_days, china_day};
use starmark::service::clock::{Clock as _, Machine};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub const HOST: &str = "xb.example.cn";
const BODY: &str = r#"
name = "示例认证中心"
address = "北京市示例区认证路1号"
approval_number = "CNCA-R-2026-293"
number_pattern = "293{yy}SC{serial:5}R{recert}M"
"#;

/// A data directory.
pub struct Desk {
    temp: TempDir,
}

/// What a command left behind.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("ended by a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It ended so, without a panic.
    #[track_caller]
    pub fn is(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Its stderr says that.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "“{text}” is not in: {}", self.err);
        self
    }

    /// Its stdout shows that.
    #[track_caller]
    pub fn shows(self, text: &str) -> Self {
        assert!(self.out.contains(text), "“{text}” is not in: {}", self.out);
        self
    }

    /// Its stdout as one JSON object a line.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }

    /// Its stdout as one JSON object.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

/// The binary with these arguments, in that directory, with nothing of this machine's environment that matters to it: the keys it
/// trusts are in `trust` there.
pub fn run_in(directory: &Path, arguments: &[&str]) -> Ran {
    Ran::of(command(directory, arguments).output().unwrap())
}

pub fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starmark"));
    command.current_dir(directory).args(arguments).env_remove("STARMARK_PASSPHRASE").env_remove("RUST_LOG");
    command.env("STARMARK_TRUST", directory.join("trust"));
    command
}

impl Desk {
    /// A new body's.
    pub fn new() -> Self {
        let desk = Self { temp: tempfile::tempdir().unwrap() };
        desk.file("body.toml", BODY);
        desk.run(&["init", "--host", HOST, "--body", "body.toml", "--kdf-cost", "light"]).is(0);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// Writes a file beside the data directory.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs a command on the directory `starmark-data`.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        run_in(self.temp.path(), arguments)
    }

    /// Issues these decisions; what came of each.
    pub fn issue(&self, decisions: &[Value]) -> Ran {
        let lines: Vec<String> = decisions.iter().map(Value::to_string).collect();
        self.file("decisions.ndjson", lines.join("\n"));
        self.run(&["issue", "decisions.ndjson", "--json"])
    }

    /// A certificate issued so many days ago: (number, identifier).
    pub fn certificate(&self, reference: &str, days_ago: i32) -> (String, String) {
        let issued = self.issue(&[decision(reference, ago(days_ago))]).is(0).json();
        (issued["number"].as_str().unwrap().to_owned(), issued["id"].as_str().unwrap().to_owned())
    }

    /// Saves the key document.
    pub fn keys(&self) {
        let document = self.run(&["key", "publish"]).is(0).out;
        self.file("did.json", document);
    }

    /// Saves a certificate's signed record, as the public gets it, out of an export.
    pub fn credential(&self, id: &str) -> Vec<u8> {
        use base64::Engine as _;
        let export = self.run(&["export"]).is(0);
        let record = export.lines().into_iter().flat_map(|l| l["records"].as_array().cloned().unwrap_or_default());
        let mut records = record.filter(|r| r["kind"] == "credential" && r["certificate"] == id);
        let text = records.next().unwrap()["base64"].as_str().unwrap().to_owned();
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    }
}

/// Today in China.
pub fn today() -> Date {
    china_day(Machine.now())
}

/// So many days before today.
pub fn ago(days: i32) -> Date {
    add_days(today(), -days)
}

/// A decision that holds, with a perfect sheet.
pub fn decision(reference: &str, issued_on: Date) -> Value {
    const CLAUSES: [&str; 15] = [
        "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.5", "5.1.6", "5.1.7", "5.2.1", "5.2.2", "5.2.3", "5.2.4", "5.2.5",
        "5.2.6", "5.3.1", "5.3.2",
    ];
    let items: Vec<Value> = CLAUSES.iter().map(|c| json!({ "clause": c, "result": "conform" })).collect();
    json!({
        "reference": reference, "scheme": "gbt27922-2011", "number": null,
        "holder": { "name": "示例电器有限公司", "uscc": "91110108551385082Q", "address": "北京市海淀区示例路1号" },
        "scope": "家用电器的售后服务", "sites": [{ "name": "示例总店", "address": "北京市海淀区示例路1号" }],
        "score_sheet": { "items": items, "special_deductions": [], "special_bonus": null },
        "level": null, "level_reason": null,
        "evaluators": ["E-01", "E-02"], "reviewed_by": ["R-01"], "decided_by": ["C-01", "C-02"],
        "countersigned_by": "H-01",
        "on_site_ended_on": add_days(issued_on, -20).to_string(),
        "decided_on": add_days(issued_on, -7).to_string(), "issued_on": issued_on.to_string(),
    })
}

/// The same with one member, named by its pointer, changed.
pub fn with(mut decision: Value, pointer: &str, value: Value) -> Value {
    *decision.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    decision
}
