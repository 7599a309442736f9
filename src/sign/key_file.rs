//! Private keys at rest: encrypted PKCS#8 in PEM (RFC 5958, RFC 8410), PBES2 with scrypt (RFC 7914) and AES-256-CBC.
//!
//! One form is written and one is read; `openssl pkey` reads it too. A file's cost parameters are bounded before any
//! work is done with them.

use super::signer::LocalSigner;
use crate::domain::Refusal;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::pem::PemLabel;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{self, Kdf, ScryptParams};
use pkcs8::{AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef};
use pkcs8::{SecretDocument, der::Decode};
use std::fmt;
use zeroize::Zeroizing;

/// id-Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// DER of an OCTET STRING of 32 bytes: the private key stands in one inside another (RFC 8410 section 7).
const SEED_HEADER: [u8; 2] = [0x04, 0x20];
/// Largest key file, in bytes: ours has about 400.
const MAX_PEM_BYTES: usize = 4_096;

/// What a passphrase costs to try: scrypt's N, r and p (RFC 7914 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    log_n: u8,
    r: u16,
    p: u16,
}

impl KdfCost {
    /// For key files in use: N = 2^14, r = 8, p = 5; 16 MiB, and 0.13 s measured on a server of two cores. As hard to
    /// attack as N = 2^15 with p = 3 by OWASP's table of equal settings, but OpenSSL refuses to spend more than 32 MiB
    /// on a key file, and N = 2^15 needs a few KiB beyond that.
    pub const PRODUCTION: Self = Self { log_n: 14, r: 8, p: 5 };
    /// For tests only: N = 2^4, r = 8, p = 1.
    pub const TEST: Self = Self { log_n: 4, r: 8, p: 1 };
    /// Most memory a file may ask for, in bytes (128 N r): a forged file cannot exhaust a small server.
    const MAX_MEMORY: u64 = 128 << 20;
    /// Most passes over that memory.
    const MAX_P: u16 = 16;

    /// N = 2^`log_n`, `r`, `p`.
    ///
    /// # Errors
    /// `bad_kdf_cost`: zero, more than 128 MiB (128 N r), or p beyond 16.
    pub fn new(log_n: u8, r: u16, p: u16) -> Result<Self, Refusal> {
        let memory = 1u64.checked_shl(u32::from(log_n)).and_then(|n| n.checked_mul(128 * u64::from(r)));
        // RFC 7914 section 2 also asks for N < 2^(16 r); the memory bound leaves that to r = 1 only.
        let fits = (1..16 * u32::from(r).min(4)).contains(&u32::from(log_n));
        if fits && memory.is_some_and(|m| m <= Self::MAX_MEMORY) && (1..=Self::MAX_P).contains(&p) {
            return Ok(Self { log_n, r, p });
        }
        Err(Refusal::invalid("bad_kdf_cost", "the key file's scrypt cost is outside what is accepted: 128 MiB, p 16"))
    }

    fn of(file: &ScryptParams) -> Result<Self, Refusal> {
        // Not a power of two: trailing_zeros gives the wrong N, which the comparison notices.
        let log_n = u8::try_from(file.cost_parameter.trailing_zeros()).unwrap_or(u8::MAX);
        let cost = Self::new(log_n, file.block_size, file.parallelization)?;
        if file.cost_parameter == 1 << cost.log_n {
            return Ok(cost);
        }
        Err(Refusal::invalid("bad_kdf_cost", "the key file's scrypt N is not a power of two"))
    }
}

/// Random bytes one key file needs; used once, never again.
pub struct KeyFileRandom {
    /// For the key derivation.
    pub salt: [u8; 16],
    /// For AES-256-CBC.
    pub iv: [u8; 16],
}

/// What opens a key file. Wiped when dropped, never shown.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Characters below which it is easily guessed: a key file may leave the machine in a backup.
    pub const SHORT: usize = 12;
    /// Longest, in bytes: nobody types more.
    pub const MAX_LEN: usize = 1_024;

    /// Takes a passphrase; the caller strips a file's last line end.
    ///
    /// # Errors
    /// `bad_passphrase`: empty, over 1,024 bytes, or with a control character.
    pub fn new(text: Zeroizing<String>) -> Result<Self, Refusal> {
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN;
        if fits && !text.chars().any(char::is_control) {
            return Ok(Self(text));
        }
        Err(Refusal::invalid("bad_passphrase", "a passphrase has 1 to 1,024 bytes and no control character"))
    }
}

impl Passphrase {
    /// Whether it is easily guessed by its length alone.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.0.chars().count() < Self::SHORT
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl LocalSigner {
    /// The key file: PEM labelled `ENCRYPTED PRIVATE KEY`. Takes as long as `cost` says.
    ///
    /// # Errors
    /// `bad_key_file` if the parts cannot be encoded, which no accepted cost brings about.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &Passphrase,
        cost: KdfCost,
        random: &KeyFileRandom,
    ) -> Result<Zeroizing<String>, Refusal> {
        let failed = || Refusal::invalid("bad_key_file", "the key file cannot be encoded");
        let scrypt = ScryptParams {
            salt: random.salt.as_slice().try_into().map_err(|_| failed())?,
            cost_parameter: 1 << cost.log_n,
            block_size: cost.r,
            parallelization: cost.p,
            key_length: None,
        };
        let scheme = pbes2::Parameters {
            kdf: Kdf::Scrypt(scrypt),
            encryption: pbes2::EncryptionScheme::Aes256Cbc { iv: random.iv },
        };
        let mut private = Zeroizing::new([0u8; SEED_HEADER.len() + Self::SEED_LEN]);
        private[..SEED_HEADER.len()].copy_from_slice(&SEED_HEADER);
        private[SEED_HEADER.len()..].copy_from_slice(self.seed().as_slice());
        // Version 1, without the public key: OpenSSL 3.0 does not read version 2.
        let info = PrivateKeyInfoRef::new(
            AlgorithmIdentifierRef { oid: ED25519, parameters: None },
            OctetStringRef::new(private.as_slice()).map_err(|_| failed())?,
        );
        info.encrypt_with_params(scheme, passphrase.0.as_bytes())
            .ok()
            .and_then(|file| file.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF).ok())
            .ok_or_else(failed)
    }

    /// Opens a key file. Takes as long as the file's cost says.
    ///
    /// The format encrypts without authenticating: a file changed by a stranger may open as another key. The caller
    /// compares [`Signer::public`](super::Signer::public) with the record of the key.
    ///
    /// # Errors
    /// `bad_key_file`: no PEM of an encrypted PKCS#8 key, over 4 KiB, not scrypt with AES-256-CBC, or, once opened, no
    /// Ed25519 key; `bad_kdf_cost`; `wrong_passphrase`. None of them tells anything of passphrase or key.
    pub fn from_encrypted_pem(pem: &str, passphrase: &Passphrase) -> Result<Self, Refusal> {
        let bad = |why: &'static str| Refusal::invalid("bad_key_file", why);
        if pem.len() > MAX_PEM_BYTES {
            return Err(bad("the key file has more than 4,096 bytes"));
        }
        let (label, file) = SecretDocument::from_pem(pem).map_err(|_| bad("the key file is not PEM"))?;
        if label != EncryptedPrivateKeyInfoRef::PEM_LABEL {
            return Err(bad("the key file is not labelled ENCRYPTED PRIVATE KEY; an open key is not accepted"));
        }
        let file = EncryptedPrivateKeyInfoRef::from_der(file.as_bytes())
            .map_err(|_| bad("the key file holds no encrypted PKCS#8 key"))?;
        match &file.encryption_algorithm {
            EncryptionScheme::Pbes2(pbes2::Parameters {
                kdf: Kdf::Scrypt(scrypt),
                encryption: pbes2::EncryptionScheme::Aes256Cbc { .. },
            }) => KdfCost::of(scrypt)?,
            _ => return Err(bad("the key file is not encrypted with scrypt and AES-256-CBC")),
        };
        // A wrong passphrase shows as bad padding or, once in 256 times, as no DER: the same answer for both.
        let wrong = || Refusal::invalid("wrong_passphrase", "the passphrase does not open the key file");
        let opened = file.decrypt(passphrase.0.as_bytes()).map_err(|_| wrong())?;
        let info = PrivateKeyInfoRef::from_der(opened.as_bytes()).map_err(|_| wrong())?;
        if info.algorithm.oid != ED25519 || info.algorithm.parameters.is_some() {
            return Err(bad("the key file holds a key of another kind than Ed25519"));
        }
        let seed = info.private_key.as_bytes().strip_prefix(&SEED_HEADER).and_then(|s| <&[u8; 32]>::try_from(s).ok());
        let seed = Zeroizing::new(*seed.ok_or_else(|| bad("the key file's private key has not 32 bytes"))?);
        Self::from_seed(&seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::Signer;

    const RANDOM: KeyFileRandom = KeyFileRandom { salt: [7; 16], iv: [9; 16] };

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
    }

    fn pem() -> (LocalSigner, Zeroizing<String>) {
        let signer = LocalSigner::from_seed(&Zeroizing::new([3; 32])).unwrap();
        let pem = signer.to_encrypted_pem(&passphrase("correct horse battery"), KdfCost::TEST, &RANDOM).unwrap();
        (signer, pem)
    }

    fn code(pem: &str, pass: &str) -> &'static str {
        LocalSigner::from_encrypted_pem(pem, &passphrase(pass)).unwrap_err().code
    }

    #[test]
    fn a_key_file_opens_with_its_passphrase_only() {
        let (signer, pem) = pem();
        let opened = LocalSigner::from_encrypted_pem(&pem, &passphrase("correct horse battery")).unwrap();
        assert_eq!(opened.public(), signer.public());
        assert_eq!(opened.sign(b"m"), signer.sign(b"m"));
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        for i in 0..600 {
            assert_eq!(code(&pem, &format!("wrong horse battery {i}")), "wrong_passphrase");
        }
    }

    #[test]
    fn a_damaged_file_is_refused_and_nothing_is_leaked() {
        let (signer, pem) = pem();
        for i in 0..pem.len() {
            let mut bytes = pem.as_bytes().to_vec();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(bytes).unwrap();
            match LocalSigner::from_encrypted_pem(&damaged, &passphrase("correct horse battery")) {
                Ok(other) => assert_ne!(other.public(), signer.public(), "place {i}"),
                Err(r) => assert!(["bad_key_file", "bad_kdf_cost", "wrong_passphrase"].contains(&r.code), "{r}"),
            }
        }
        assert_eq!(code("", "correct horse battery"), "bad_key_file");
        assert_eq!(code(&"A".repeat(5_000), "correct horse battery"), "bad_key_file");
        let open = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD\n-----END PRIVATE KEY-----\n";
        assert!(LocalSigner::from_encrypted_pem(open, &passphrase("correct horse battery")).is_err());
        assert_eq!(format!("{:?}", passphrase("correct horse battery")), "Passphrase(…)");
    }

    #[test]
    fn a_forged_cost_is_refused_before_any_work() {
        for (log_n, r, p) in
            [(0, 8, 1), (14, 0, 1), (14, 8, 0), (21, 8, 1), (63, 1, 1), (255, 8, 1), (14, 8, 17), (16, 1, 1)]
        {
            assert_eq!(KdfCost::new(log_n, r, p).unwrap_err().code, "bad_kdf_cost", "{log_n} {r} {p}");
        }
        assert_eq!(KdfCost::new(14, 8, 5), Ok(KdfCost::PRODUCTION));
        assert_eq!(KdfCost::new(4, 8, 1), Ok(KdfCost::TEST));
        assert!(KdfCost::new(17, 8, 1).is_ok());
        for n in [0, 1, 3, 12_345, u64::MAX, 1 << 40] {
            let salt = RANDOM.salt.as_slice().try_into().unwrap();
            let file = ScryptParams { salt, cost_parameter: n, block_size: 8, parallelization: 1, key_length: None };
            assert_eq!(KdfCost::of(&file).unwrap_err().code, "bad_kdf_cost", "N = {n}");
        }
    }

    #[test]
    fn an_empty_or_unreadable_passphrase_is_refused_and_a_short_one_known() {
        let read = |text: &str| Passphrase::new(Zeroizing::new(text.to_owned()));
        for bad in ["", "twelve chars\n", &"x".repeat(1_025)] {
            assert_eq!(read(bad).unwrap_err().code, "bad_passphrase");
        }
        assert!(read("elevenchars").unwrap().is_short());
        assert!(!read("十二个字的口令也可以用的").unwrap().is_short());
    }
}
