//! `init`: makes a data directory with store and keys, without asking anything and without overwriting anything.

use super::args::Global;
use super::exit::{Exit, Usage};
use super::open::{create_store, parts, service};
use super::{files, note, say};
use crate::domain::holder::CertificationBody;
use crate::domain::{Host, Refusal};
use crate::service::clock::{Clock, Machine, random};
use crate::service::data_dir::{DataDir, Making};
use crate::service::{Parts, keyring, set_up};
use crate::sign::{KdfCost, Passphrase};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Largest body file.
const BODY_MAX_BYTES: u64 = 64 << 10;
/// An invented body, for who wants to look before they set theirs.
const INVENTED_BODY: &str = r#"
name = "示例认证中心"
address = "北京市海淀区示例路 1 号"
approval_number = "CNCA-R-2026-293"
number_pattern = "293{yy}SC{serial:5}R{recert}M"
"#;

/// Make a data directory: store and keys of one certification body
#[derive(Debug, Args)]
#[command(
    after_help = "The body file is TOML:\n  name = \"…\"\n  address = \"…\"\n  approval_number = \"CNCA-R-2026-293\"\n  number_pattern = \"293{yy}SC{serial:5}R{recert}M\"\n  [policy]                          # optional\n  packaging_marks = true\n  overdue_surveillance = \"suspend\"  # or \"report\"\n\nThe passphrase of the keys is taken from --passphrase-file, else from $STARMARK_PASSPHRASE, else made and put into\nthe file DIR.passphrase beside the data directory, readable by you only."
)]
pub(super) struct Init {
    /// Verification host, at most 13 characters, e.g. xb.example.cn: it stands in every signature and never changes
    #[arg(long, value_name = "HOST", value_parser = Host::parse)]
    host: Host,
    /// File that says who the body is and how it forms numbers
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// What a guess at the passphrase costs; light is for tests
    #[arg(long, value_enum, default_value = "production", hide = true)]
    kdf_cost: Cost,
}

/// What a guess at the passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Cost {
    /// For keys in use.
    Production,
    /// For tests and the demo.
    Light,
}

impl Cost {
    /// The cost for key files.
    pub const fn kdf(self) -> KdfCost {
        match self {
            Self::Production => KdfCost::PRODUCTION,
            Self::Light => KdfCost::TEST,
        }
    }
}

impl Init {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let body = match &self.body {
            Some(file) => read_body(file)?,
            None => invented_body()?,
        };
        let dir = global.named_dir()?;
        dir.check_free()?;
        let (passphrase, told) = passphrase(global, &dir)?;
        if passphrase.is_short() {
            note(
                "starmark: warning: the passphrase has fewer than 12 characters; whoever gets the key files can guess it",
            );
        }
        let (making, parts) = make(&dir, &self.host, &body, &passphrase, self.kdf_cost, Arc::new(Machine))?;
        drop(parts);
        making.finish()?;
        say(format_args!("Made {}: store and keys of {} for https://{}", dir.root().display(), body.name, self.host))?;
        say(format_args!("Passphrase of the keys: {told}"))?;
        say(format_args!(
            "Scheme: {} (its point split is illustrative: put your licensed copy there before you issue)",
            dir.scheme_file().display()
        ))?;
        if self.body.is_none() {
            note(format_args!(
                "starmark: warning: no --body was given, so the body is the invented “{}”. Certificates would carry that name; for real ones make another directory with --body FILE.",
                body.name
            ));
        }
        Ok(Exit::Done)
    }
}

/// Makes everything in the directory but its last step, [`Making::finish`].
pub(super) fn make(
    dir: &DataDir,
    host: &Host,
    body: &CertificationBody,
    passphrase: &Passphrase,
    cost: Cost,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Making, Parts)> {
    let making = dir.begin()?;
    dir.add_shipped_scheme()?;
    let parts = parts(dir, create_store(dir)?, clock)?;
    set_up(&parts, host, body, &dir.keys(), passphrase, cost.kdf())?;
    // What was just made is opened once before it is called made.
    service(dir, parts.store.clone(), parts.clock.clone())?.unlock(&dir.keys(), passphrase)?;
    Ok((making, parts))
}

/// The passphrase laid down, or a new one in the file beside the directory; and where it is, for the user.
pub(super) fn passphrase(global: &Global, dir: &DataDir) -> anyhow::Result<(Passphrase, String)> {
    let beside = dir.passphrase_file();
    if let Some(passphrase) = global.passphrase(dir)? {
        let told = match &global.passphrase_file {
            Some(file) => format!("as in {}", file.display()),
            None if std::env::var_os("STARMARK_PASSPHRASE").is_some() => "as in $STARMARK_PASSPHRASE".to_owned(),
            None => format!("as in {}, which was there already", beside.display()),
        };
        return Ok((passphrase, told));
    }
    let bytes = Zeroizing::new(random::<24>(&Machine)?);
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
    let line = Zeroizing::new(format!("{}\n", text.as_str()));
    keyring::write_secret(beside, line.as_bytes())?;
    let told = format!(
        "made, and written to {} (mode 0600). Keep a copy elsewhere: without it the keys are lost",
        beside.display()
    );
    Ok((Passphrase::new(text)?, told))
}

/// The invented body.
pub(super) fn invented_body() -> Result<CertificationBody, Refusal> {
    CertificationBody::parse(INVENTED_BODY)
}

fn read_body(file: &Path) -> anyhow::Result<CertificationBody> {
    let place = |why: String| Usage(format!("{}: {why}", file.display()));
    let text = String::from_utf8(files::read(file, BODY_MAX_BYTES)?).map_err(|_| place("not UTF-8".into()))?;
    Ok(CertificationBody::parse(&text).map_err(|r| place(r.to_string()))?)
}
