//! The certificate for other programs that read pages: search engines, assistants (schema.org/Certification).

use crate::domain::record::Terms;
use crate::domain::{CertificateId, Standing};
use crate::http::pages::words::Face;
use serde_json::{Value, json};

/// What is certified and whether it holds now; nothing where that cannot be told.
pub(super) fn certification(id: CertificateId, terms: &Terms, face: Face) -> Option<Value> {
    let status = match face {
        Face::Standing(Standing::Valid) => "https://schema.org/CertificationActive",
        Face::Standing(_) => "https://schema.org/CertificationInactive",
        _ => return None,
    };
    let mut value = json!({
        "@context": "https://schema.org",
        "@type": "Certification",
        "name": format!("商品售后服务认证（{}）", terms.standard),
        "alternateName": "After-sales service certification",
        "certificationIdentification": terms.number,
        "certificationStatus": status,
        "issuedBy": { "@type": "Organization", "name": terms.body.name, "identifier": terms.body.approval_number },
        "about": { "@type": "Organization", "legalName": terms.holder.name, "taxID": terms.holder.uscc },
        "description": terms.scope,
        "datePublished": terms.issued_on.to_string(),
        "validFrom": terms.issued_on.to_string(),
        "image": format!("/c/{id}/card.png"),
        "expires": terms.valid_until.to_string(),
    });
    // What no longer holds is not praised.
    if face.is_valid() {
        value["certificationRating"] = match terms.level.stars() {
            0 => json!({ "@type": "Rating", "ratingValue": terms.level.zh(), "name": terms.level.zh() }),
            stars => json!({
                "@type": "Rating", "ratingValue": stars, "bestRating": 5, "worstRating": 0, "name": terms.level.zh(),
            }),
        };
    }
    Some(value)
}
