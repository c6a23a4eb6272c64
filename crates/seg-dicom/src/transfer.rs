//! Transfer syntaxes: how pixels are encoded.

use dicom_dictionary_std::uids;

use crate::error::Problem;

/// Retired from the standard, not from archives.
pub(crate) const EXPLICIT_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// How pixels are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Native,
    RunLength,
    /// Baseline, extended and lossless.
    Jpeg,
    /// And high-throughput JPEG 2000.
    Jpeg2000,
    /// Each frame deflated.
    DeflatedFrame,
}

impl Encoding {
    /// What a decoder's error is about.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "picture",
            Self::RunLength => "RLE",
            Self::Jpeg => "JPEG",
            Self::Jpeg2000 => "JPEG 2000",
            Self::DeflatedFrame => "deflated frame",
        }
    }
}

/// The encoding that a transfer syntax stands for.
pub(crate) fn encoding(uid: &str) -> Result<Encoding, Problem> {
    const JPIP: &str = "1.2.840.10008.1.2.4.94";
    let refused = |what, advice| Err(Problem::TransferSyntax { uid: uid.to_owned(), what, advice });
    match uid {
        uids::IMPLICIT_VR_LITTLE_ENDIAN
        | uids::EXPLICIT_VR_LITTLE_ENDIAN
        | EXPLICIT_BIG_ENDIAN
        | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => Ok(Encoding::Native),
        "1.2.840.10008.1.2.5" => Ok(Encoding::RunLength),
        "1.2.840.10008.1.2.8.1" => Ok(Encoding::DeflatedFrame),
        "1.2.840.10008.1.2.4.50"
        | "1.2.840.10008.1.2.4.51"
        | "1.2.840.10008.1.2.4.57"
        | "1.2.840.10008.1.2.4.70" => Ok(Encoding::Jpeg),
        "1.2.840.10008.1.2.4.90"
        | "1.2.840.10008.1.2.4.91"
        | "1.2.840.10008.1.2.4.201"
        | "1.2.840.10008.1.2.4.202"
        | "1.2.840.10008.1.2.4.203" => {
            match cfg!(all(feature = "jpeg2000", not(target_family = "wasm"))) {
                true => Ok(Encoding::Jpeg2000),
                false => refused(
                    "JPEG 2000",
                    "build with the feature `jpeg2000` (not in a browser), or decompress it first",
                ),
            }
        }
        "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81" => refused(
            "JPEG-LS",
            "decompress it first, for example by DCMTK's `dcmdjpls IN OUT` or GDCM's `gdcmconv --raw IN OUT`",
        ),
        "1.2.840.10008.1.2.4.110" | "1.2.840.10008.1.2.4.111" | "1.2.840.10008.1.2.4.112" => {
            refused("JPEG XL", "convert it to an uncompressed transfer syntax first")
        }
        JPIP | "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.204" | "1.2.840.10008.1.2.4.205" => {
            refused("on another server (JPIP)", "fetch the pixels first")
        }
        "1.2.840.10008.1.2.4.100"
        | "1.2.840.10008.1.2.4.100.1"
        | "1.2.840.10008.1.2.4.101"
        | "1.2.840.10008.1.2.4.101.1" => refused("an MPEG-2 video", VIDEO),
        "1.2.840.10008.1.2.4.102"
        | "1.2.840.10008.1.2.4.102.1"
        | "1.2.840.10008.1.2.4.103"
        | "1.2.840.10008.1.2.4.103.1"
        | "1.2.840.10008.1.2.4.104"
        | "1.2.840.10008.1.2.4.104.1"
        | "1.2.840.10008.1.2.4.105"
        | "1.2.840.10008.1.2.4.105.1"
        | "1.2.840.10008.1.2.4.106"
        | "1.2.840.10008.1.2.4.106.1" => refused("an MPEG-4 video (H.264)", VIDEO),
        "1.2.840.10008.1.2.4.107" | "1.2.840.10008.1.2.4.108" => {
            refused("an HEVC video (H.265)", VIDEO)
        }
        "1.2.840.10008.1.2.4.92" | "1.2.840.10008.1.2.4.93" => refused(
            "JPEG 2000 with several components (part 2)",
            "convert it to an uncompressed transfer syntax first",
        ),
        _ => Err(Problem::UnknownTransferSyntax { uid: uid.to_owned() }),
    }
}

const VIDEO: &str = "take its pictures out first, for example by ffmpeg";
