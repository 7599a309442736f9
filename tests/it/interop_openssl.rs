//! Key files go both ways between this product and `openssl`.

use crate::vectors_support::hex;
use starmark::sign::{KdfCost, KeyFileRandom, LocalSigner, Passphrase, Signer, verify_raw};
use std::path::Path;
use std::process::Command;
use zeroize::Zeroizing;

const PASSPHRASE: &str = "correct horse battery staple";
/// What precedes the 32 raw bytes in the DER of an Ed25519 public key (RFC 8410 section 4).
const SPKI_HEADER: &str = "302a300506032b6570032100";

fn openssl(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let run = Command::new("openssl").current_dir(folder).args(arguments).output();
    let run = run.unwrap_or_else(|e| panic!("openssl must be installed (Debian package openssl): {e}"));
    if run.status.success() { Ok(run.stdout) } else { Err(String::from_utf8_lossy(&run.stderr).into_owned()) }
}

fn passphrase() -> Passphrase {
    Passphrase::new(Zeroizing::new(PASSPHRASE.to_owned())).unwrap()
}

#[test]
fn openssl_reads_our_key_file_and_signs_alike() {
    let folder = tempfile::tempdir().unwrap();
    let signer = LocalSigner::from_seed(&Zeroizing::new([42; 32])).unwrap();
    let random = KeyFileRandom { salt: [1; 16], iv: [2; 16] };
    let pem = signer.to_encrypted_pem(&passphrase(), KdfCost::PRODUCTION, &random).unwrap();
    std::fs::write(folder.path().join("key.pem"), pem.as_bytes()).unwrap();
    std::fs::write(folder.path().join("message"), b"message").unwrap();
    let (good, wrong) = (format!("pass:{PASSPHRASE}"), "pass:wrong horse battery staple");
    let read = ["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-passin"];
    let public = openssl(folder.path(), &[&read[..], &[&good]].concat()).unwrap();
    assert_eq!(hex(&public), format!("{SPKI_HEADER}{}", hex(&signer.public().to_bytes())));
    assert!(openssl(folder.path(), &[&read[..], &[wrong]].concat()).is_err());
    let sign = ["pkeyutl", "-sign", "-rawin", "-in", "message", "-inkey", "key.pem", "-passin", &good];
    let signature = openssl(folder.path(), &sign).unwrap();
    assert_eq!(signature, signer.sign(b"message").unwrap());
}

#[test]
fn we_read_a_key_file_that_openssl_wrote_with_scrypt() {
    let folder = tempfile::tempdir().unwrap();
    let pass = format!("pass:{PASSPHRASE}");
    openssl(folder.path(), &["genpkey", "-algorithm", "ed25519", "-out", "open.pem"]).unwrap();
    let encrypt = |how: &[&str], out: &str| {
        let head = ["pkcs8", "-topk8", "-in", "open.pem", "-passout", &pass, "-out", out];
        openssl(folder.path(), &[&head, how].concat()).unwrap();
        std::fs::read_to_string(folder.path().join(out)).unwrap()
    };
    let signer = LocalSigner::from_encrypted_pem(&encrypt(&["-scrypt"], "scrypt.pem"), &passphrase()).unwrap();
    let public = openssl(folder.path(), &["pkey", "-in", "open.pem", "-pubout", "-outform", "DER"]).unwrap();
    assert_eq!(hex(&public), format!("{SPKI_HEADER}{}", hex(&signer.public().to_bytes())));
    assert!(verify_raw(&signer.public(), b"m", &signer.sign(b"m").unwrap()).is_ok());
    // openssl's own default, PBKDF2 with 2,048 rounds, is too cheap to try; an unencrypted key is refused as well.
    let code = |pem: &str| LocalSigner::from_encrypted_pem(pem, &passphrase()).unwrap_err().code;
    assert_eq!(code(&encrypt(&[], "pbkdf2.pem")), "bad_key_file");
    assert_eq!(code(&std::fs::read_to_string(folder.path().join("open.pem")).unwrap()), "bad_key_file");
}
