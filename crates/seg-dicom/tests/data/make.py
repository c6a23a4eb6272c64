"""Makes the files here: what no encoder in Rust writes, with pixels that the tests compute again.

pip install pydicom==3.0.2 numpy==2.4.6 pylibjpeg==2.1.0 pylibjpeg-openjpeg==2.6.0 python-gdcm==3.2.6
"""

import gdcm
import numpy
from pydicom import dcmread
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

COLUMNS, ROWS = 45, 37


def make(values, signed=False):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "2.25.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, "2.25.1"
    image.Rows, image.Columns = ROWS, COLUMNS
    colour = values.ndim == 3
    image.SamplesPerPixel = 3 if colour else 1
    image.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        image.PlanarConfiguration = 0
    else:
        image.WindowCenter, image.WindowWidth = (0 if signed else 2048), 4096
    image.BitsAllocated, image.BitsStored = (8, 8) if colour else (16, 12)
    image.HighBit, image.PixelRepresentation = image.BitsStored - 1, int(signed)
    image.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    return image


y, x = numpy.mgrid[:ROWS, :COLUMNS]
grey = ((37 * x + 101 * y) % 4096).astype("<u2")
rgb = numpy.stack([(7 * x + y) % 256, (x + 11 * y) % 256, (3 * x + 5 * y) % 256], -1).astype("u1")
for name, image in [
    ("jpeg2000", make(grey)),
    ("jpeg2000_signed", make(grey.astype("<i2") - 2048, signed=True)),
    ("jpeg2000_rgb", make(rgb)),
]:
    image.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    image.save_as(f"{name}.dcm", enforce_file_format=True)
for name, image in [("jpeg_lossless", make(grey))]:
    image.save_as("plain.dcm", enforce_file_format=True)
    reader = gdcm.ImageReader()
    reader.SetFileName("plain.dcm")
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(f"{name}.dcm")
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert (dcmread(f"{name}.dcm").pixel_array == image.pixel_array).all()
