//! `segment` of a program that is built without DICOM: there are no flags for it and no such files.

use std::convert::Infallible;
use std::path::Path;

use causal_clip_seg::RgbImage;
use causal_clip_seg::errors::ImageError;
use causal_clip_seg_cli::UsageError;
use seg_image::{BinaryMask, FileNote};

use super::whose_side::PictureSides;
use crate::arguments::Weights;

#[derive(clap::Args)]
pub(super) struct DicomArgs {}

pub(super) struct DicomFile(Infallible);

pub(super) struct Frame {
    pub(super) image: RgbImage,
    pub(super) notes: Vec<FileNote>,
    pub(super) sides: PictureSides,
}

pub(super) struct Segmentation(Infallible);

impl DicomArgs {
    pub(super) fn reading(&self) -> Option<String> {
        None
    }

    pub(super) fn check_source(&self, file: &DicomFile) -> Result<(), UsageError> {
        match file.0 {}
    }

    pub(super) fn check_jobs(&self) -> Result<(), UsageError> {
        Ok(())
    }

    pub(super) fn check(&self, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    pub(super) fn open(&self, _: &Path) -> Result<Option<DicomFile>, ImageError> {
        Ok(None)
    }

    pub(super) fn segmentation(&self, _: &Weights) -> anyhow::Result<Option<Segmentation>> {
        Ok(None)
    }
}

impl DicomFile {
    pub(super) fn len(&self) -> usize {
        match self.0 {}
    }

    pub(super) fn frame(&mut self, _: usize) -> Result<Frame, ImageError> {
        match self.0 {}
    }
}

impl Segmentation {
    pub(super) fn about(&mut self, _: &Frame) {
        match self.0 {}
    }

    pub(super) fn add(&mut self, _: &str, _: BinaryMask, _: Option<i8>) {
        match self.0 {}
    }

    pub(super) fn write(&self, _: &Path) -> anyhow::Result<()> {
        match self.0 {}
    }
}
