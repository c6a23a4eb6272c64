//! Segments medical images by text: an image and a sentence go in, the mask of what the sentence
//! describes comes out.
//!
//! The network is CausalCLIPSeg ([MICCAI 2024](https://arxiv.org/abs/2503.15949)): CLIP's image and
//! text encoders, a cross-modal decoder, and gates that split the features into causal and
//! confounding ones. This crate has the network, its weight files, and the [`Segmenter`] that joins
//! them with everything before and after: reading pictures, tokens, resizing, the mask at the
//! picture's own size. Training is the job of the crate `trainer`.
//!
//! Research software; not for clinical use.
//!
//! # Usage
//!
//! ```
//! use causal_clip_seg::{CausalClipSegConfig, Device, RgbImage, SegError, Segmenter};
//!
//! # fn main() -> Result<(), SegError> {
//! let device = Device::flex();
//! // Random weights, so that this needs no file. With trained ones:
//! // let segmenter = Segmenter::load("net.safetensors", &device)?;
//! let network = CausalClipSegConfig::tiny().init(&device)?.with_random_weights(7, |_| true);
//! let segmenter = Segmenter::new(network)?;
//!
//! let image = RgbImage::new(80, 60); // or read_rgb("chest.png")?, or decode_rgb(&bytes, "upload")?
//! let mask = segmenter.segment(&image, "The lesion in the upper left lung.")?;
//! assert_eq!((mask.width, mask.height), (80, 60));
//! println!("{:.1} % of the picture", 100.0 * mask.coverage());
//! # Ok(())
//! # }
//! ```
//!
//! Ask [`Segmenter::sides`] whose left a network means: many published sets, and the demonstration
//! network, mean the left of the image, a radiologist means the patient's.
//!
//! # Features
//!
//! Each adds a backend; which one computes is decided by the [`Device`] at run time.
//!
//! | feature | what computes | what it costs |
//! | --- | --- | --- |
//! | `flex` (default) | the CPU, in Rust, with all cores and the vector instructions found at run time | minutes of building |
//! | `wgpu` | any GPU, by WebGPU shaders | most of an hour of building on two cores |
//! | `vulkan` | any GPU, by Vulkan and SPIR-V; brings `wgpu` | likewise |
//! | `cuda` | NVIDIA GPUs | the same, and LLVM, which the build downloads once |
//!
//! Two more are about weights by name, see [`weights`]:
//!
//! | feature | what there is | what it costs |
//! | --- | --- | --- |
//! | `hub` | `hf:OWNER/REPO` and `clip:RN50` | a dozen small crates, no C |
//! | `demo` | `phantom` | 5.5 MB |
//!
//! And one is about files: `dicom` reads DICOM images wherever a picture is read, and writes DICOM
//! Segmentation objects; some two dozen crates, no C. See the module `dicom`.
//!
//! # Devices
//!
//! [`Device`] is Burn's, re-exported: `Device::flex()` is the CPU. [`devices::open`] takes a name
//! (`"auto"`, `"vulkan:1"`) and finds out whether the device is there; [`devices::list`] lists them. A
//! [`Segmenter`] can be shared by threads.
//!
//! # Where things are
//!
//! | module | what |
//! | --- | --- |
//! | [`config`] | sizes of a network, its input, threshold, branch and sides |
//! | [`devices`] | devices by name |
//! | `dicom` | DICOM images in, DICOM Segmentation objects out (feature `dicom`) |
//! | [`errors`] | every error that [`SegError`] can carry |
//! | [`explanation`] | both branches' answers and the gates, as maps and as a picture |
//! | [`mod@format`] | what stands in weight files |
//! | [`mask`] | masks and their boxes |
//! | [`weights`] | weights by name: files, built-in networks, the hub |
//! | [`parts`] | the network's parts, tokens and pixels: for training and for looking inside |
#![deny(missing_docs)]

mod awaited;
mod checkpoint;
pub mod config;
pub mod devices;
#[cfg(feature = "dicom")]
pub mod dicom;
pub mod errors;
pub mod explanation;
pub mod format;
mod inference;
pub mod mask;
mod network;
pub mod parts;
mod prepared;
mod segmenter;
mod sentences;
mod tiled;
mod tiling;
pub mod weights;

#[doc(no_inline)]
pub use burn;
pub use burn::tensor::Device;
pub use seg_image::{PictureRows, RgbImage, decode_rgb, read_rgb};

pub use crate::checkpoint::Checkpoint;
pub use crate::config::CausalClipSegConfig;
pub use crate::errors::SegError;
pub use crate::mask::Mask;
pub use crate::network::CausalClipSeg;
pub use crate::segmenter::Segmenter;
pub use crate::tiled::TiledAnswer;
pub use crate::tiling::Tiling;

/// The front page's example, run as every other.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
