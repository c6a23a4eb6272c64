"""The checks of .ci/dicom: objects by dciodvfy, pydicom, highdicom and dcmqi, pictures by pydicom."""

import os
import subprocess
import sys
from glob import glob

import highdicom as hd
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

work, programs, tools, *given = sys.argv[1:]
CR, DX, US = "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.6.1"
US_LOOP, CT = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.2"


def make(name, sop_class, pixels, **attributes):
    """A file with pixels of 8 or 16 bits; of three dimensions the last is colour or the first frames."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = UID(sop_class), ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    set_ = FileDataset(name, {}, file_meta=meta, preamble=b"\0" * 128)
    set_.SOPClassUID, set_.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    set_.StudyInstanceUID, set_.SeriesInstanceUID = generate_uid(), generate_uid()
    set_.SpecificCharacterSet = "ISO_IR 100"
    set_.PatientName, set_.PatientID, set_.PatientSex = "Synthetic^Änne", "SYN1", "O"
    set_.PatientBirthDate, set_.StudyDate, set_.StudyTime = "", "20260101", "120000"
    set_.AccessionNumber, set_.ReferringPhysicianName, set_.StudyID = "", "", "1"
    set_.Manufacturer, set_.Modality = "Synthetic", "CR"
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    if pixels.ndim == 3 and not colour:
        set_.NumberOfFrames = pixels.shape[0]
    set_.Rows, set_.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    set_.SamplesPerPixel, set_.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        set_.PlanarConfiguration = 0
    set_.BitsAllocated = set_.BitsStored = 8 * pixels.itemsize
    set_.HighBit, set_.PixelRepresentation = set_.BitsStored - 1, int(pixels.dtype.kind == "i")
    for key, value in attributes.items():
        setattr(set_, key, value)
    set_.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    path = os.path.join(work, name + ".dcm")
    set_.save_as(path)
    return path


def ramp(shape, top, kind):
    return (np.arange(np.prod(shape)) * 7919 % (top + 1)).reshape(shape).astype(kind)


twelve = dict(BitsStored=12, HighBit=11)
files = [
    make("cr", CR, ramp((41, 53), 4095, "<u2"), **twelve, WindowCenter=2048, WindowWidth=3000,
         PatientOrientation=["L", "F"], ImagerPixelSpacing=[0.2, 0.2], BodyPartExamined="CHEST"),
    make("cr_bare", CR, ramp((40, 52), 4095, "<u2"), **twelve, PhotometricInterpretation="MONOCHROME1"),
    make("dx_two_windows", DX, ramp((32, 32), 4095, "<u2"), **twelve, Modality="DX",
         WindowCenter=[1000, 3000], WindowWidth=[500, 1000], PixelSpacing=[0.15, 0.15],
         PatientOrientation=["L", "F"], ImageLaterality="U", VOILUTFunction="SIGMOID"),
    make("us_rgb", US, ramp((33, 35, 3), 255, "u1"), Modality="US"),
    make("us_aspect", US, ramp((40, 52), 255, "u1"), Modality="US", PixelAspectRatio=[2, 1]),
    make("us_loop", US_LOOP, ramp((3, 25, 27), 255, "u1"), Modality="US"),
    make("ct", CT, ramp((48, 40), 4000, "<i2") - 1000, Modality="CT", RescaleSlope=1,
         RescaleIntercept=-24, WindowCenter=40, WindowWidth=400, FrameOfReferenceUID=generate_uid(),
         PositionReferenceIndicator="", ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
         ImagePositionPatient=[-10, 5.5, 70], PixelSpacing=[0.7, 0.7], SliceThickness=3),
    *given,
]
cases = os.environ.get("DICOM_CASES", "../shared/cases/dicom")
files += [f for f in sorted(glob(f"{cases}/*.dcm")) if "jpegls" not in f]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True)


def discs(set_):
    """As the example draws them, sentence by sentence and frame by frame."""
    rows, columns, frames = set_.Rows, set_.Columns, int(set_.get("NumberOfFrames", 1))
    y, x = np.mgrid[:rows, :columns].astype(int)
    masks = []
    for centre, radius in [(35, 25), (50, 20), (200, 1)]:
        for frame in range(1, frames + 1):
            dx, dy = 100 * x - (centre + frame) * columns, 100 * y - (centre + frame) * rows
            masks.append(dx * dx + dy * dy <= (radius * min(rows, columns)) ** 2)
    return np.array(masks)


def check_object(path, geometry):
    """Every reader's answer for one source and one geometry; what each read."""
    out = os.path.join(work, "out.dcm")
    run(f"{programs}/discs", path, out, geometry)
    source, masks = pydicom.dcmread(path), None
    masks, frames = discs(source), int(source.get("NumberOfFrames", 1))
    told = []
    checked = subprocess.run(["dciodvfy", "-new", out], capture_output=True, text=True)
    text = checked.stdout + checked.stderr
    bad = [line for line in text.splitlines() if "rror" in line or "arning" in line]
    assert not bad, f"{path} {geometry}: dciodvfy: {bad}"
    told.append("dciodvfy clean")
    plain = pydicom.dcmread(out)
    assert plain.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.4"
    assert np.array_equal(plain.pixel_array.astype(bool), masks), f"{path}: pydicom"
    assert str(plain.PatientName) == str(source.PatientName)
    told.append("pydicom equal")
    seg = hd.seg.segread(out)
    assert seg.get_segment_description(2).segment_label == "A nodule, Körper."
    if frames == 1:
        found = seg.get_pixels_by_source_instance([source.SOPInstanceUID])[0]
        expected = np.moveaxis(masks, 0, -1)
    else:
        found = seg.get_pixels_by_source_frame(source.SOPInstanceUID, list(range(1, frames + 1)))
        expected = np.moveaxis(masks.reshape(3, frames, *masks.shape[1:]), 0, -1)
    assert np.array_equal(found.astype(bool), expected), f"{path}: highdicom"
    told.append("highdicom equal by source")
    if "FrameOfReferenceUID" in plain:
        folder = os.path.join(work, "nrrd")
        os.makedirs(folder, exist_ok=True)
        for old in glob(folder + "/*"):
            os.remove(old)
        run(f"{tools}/segimage2itkimage", "--inputDICOM", out, "--outputDirectory", folder,
            "--outputType", "nrrd")
        found = [read_nrrd(name) for name in sorted(glob(folder + "/*.nrrd"))]
        assert len(found) == 3, f"{path}: dcmqi wrote {len(found)} segments"
        for volume, mask in zip(found, masks.reshape(3, frames, *masks.shape[1:])):
            assert np.array_equal(volume > 0, mask), f"{path}: dcmqi"
        told.append("dcmqi equal")
    return told


def read_nrrd(path):
    """The planes of a file that dcmqi wrote."""
    import gzip
    header, _, data = open(path, "rb").read().partition(b"\n\n")
    fields = dict(line.split(": ", 1) for line in header.decode().splitlines() if ": " in line)
    columns, rows, planes = (int(n) for n in fields["sizes"].split())
    data = gzip.decompress(data) if fields["encoding"] == "gzip" else data
    kind = {"unsigned char": "u1", "short": "<i2", "unsigned short": "<u2"}[fields["type"]]
    return np.frombuffer(data, kind).reshape(planes, rows, columns)


def check_picture(path):
    """The largest difference from pydicom, where both have the same rule; None where not."""
    out = os.path.join(work, "out.png")
    run(f"{programs}/picture", path, out)
    ours, set_ = np.asarray(Image.open(out).convert("RGB")).astype(int), pydicom.dcmread(path)
    try:
        theirs = set_.pixel_array
    except Exception as error:
        return f"pydicom does not decode it: {type(error).__name__}"
    theirs = theirs[0] if "NumberOfFrames" in set_ and int(set_.NumberOfFrames) > 1 else theirs
    if "PixelPaddingValue" in set_:
        return "padding, which pydicom does not leave out"
    if set_.PhotometricInterpretation == "PALETTE COLOR":
        theirs = pydicom.pixels.apply_color_lut(theirs, set_) // 256
    elif set_.SamplesPerPixel == 1:
        values = apply_modality_lut(theirs, set_)
        if "WindowWidth" in set_ or "VOILUTSequence" in set_:
            shown = apply_voi_lut(values, set_, prefer_lut=True).astype(float)
            if "VOILUTSequence" in set_:
                top = 2 ** set_.VOILUTSequence[0].LUTDescriptor[2] - 1
                low = 0
            else:
                # apply_voi_lut gives the whole range of the values that the stored bits can have.
                signed, bits = set_.PixelRepresentation, set_.BitsStored
                ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
                low, top = (e * float(set_.get("RescaleSlope", 1)) + float(set_.get("RescaleIntercept", 0))
                            for e in ends)
            shown = (shown - low) / (top - low) * 255
        elif set_.BitsStored == 8 and not set_.PixelRepresentation:
            shown = values.astype(float)
        else:
            shown = (values - values.min()) / max(values.max() - values.min(), 1e-9) * 255.0
        theirs = 255 - shown if set_.PhotometricInterpretation == "MONOCHROME1" else shown
    theirs = np.floor(np.asarray(theirs, float) + 0.5).astype(int)
    theirs = theirs if theirs.ndim == 3 else np.repeat(theirs[..., None], 3, axis=2)
    if theirs.shape != ours.shape:
        return f"shown as {ours.shape[1]} x {ours.shape[0]}"
    return int(np.abs(ours - theirs).max())


for path in files:
    name = os.path.basename(path)
    print(f"{name}: picture: {check_picture(path)}")
    for geometry in ["auto", "none", "plane"]:
        print(f"{name}: object, {geometry}: {', '.join(check_object(path, geometry))}")
print(f"{len(files)} files, {3 * len(files)} objects: all as expected")
