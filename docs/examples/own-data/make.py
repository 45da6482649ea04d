"""Make the folder that docs/own-data.md prepares: DICOM files of 12 bit and COCO annotations, from phantom images.

lovt-bench data phantom --dataset covid-rural --images 60 --side 256
python make.py workspace/phantom/covid-rural hospital
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
from faster_coco_eval.core.mask import encode
from PIL import Image
from pydicom.dataset import FileMetaDataset
from scipy import ndimage


def write_dicom(path: Path, pixels: np.ndarray, patient: str) -> None:
    """Write 8-bit grey values as a DICOM file of 12 bit, inverted (MONOCHROME1), with a window."""
    dataset = pydicom.Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = pydicom.uid.DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[path.name])
    dataset.Modality, dataset.PatientID, dataset.ViewPosition = "DX", patient, "PA"
    dataset.PatientSex, dataset.PatientAge = "F", "061Y"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME1"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.WindowCenter, dataset.WindowWidth = 2048, 4096
    dataset.PixelData = ((255 - pixels.astype(np.uint16)) * 16).tobytes()
    dataset.save_as(path, enforce_file_format=True)


def main(phantom: Path, out: Path) -> None:
    """Write `images/*.dcm`, `annotations.json` and `images.csv`; each second image is of the patient before."""
    (out / "images").mkdir(parents=True)
    shutil.copy(phantom / "phantom.json", out)
    images, annotations, rows = [], [], ["image,patient"]
    for number, path in enumerate(sorted((phantom / "jpgs").glob("*.jpg"))):
        pixels = np.asarray(Image.open(path).convert("L"))
        name, patient = f"cr_{number:03}.dcm", f"P{number // 2:03}"
        write_dicom(out / "images" / name, pixels, patient)
        height, width = pixels.shape
        images.append({"id": 7 * number, "file_name": name, "height": height, "width": width})
        rows.append(f"images/{name},{patient}")
        mask = np.asarray(Image.open(phantom / "pngs_masks" / f"{path.stem}.png"))
        lesions, count = ndimage.label(mask)
        for lesion in range(1, count + 1):
            down, across = ndimage.find_objects(lesions)[lesion - 1]
            runs = encode(np.asfortranarray(lesions == lesion, dtype=np.uint8))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": 7 * number,
                    "category_id": 40,
                    "iscrowd": 0,
                    "bbox": [across.start, down.start, across.stop - across.start, down.stop - down.start],
                    "segmentation": {"size": runs["size"], "counts": runs["counts"].decode()},
                }
            )
    categories = [{"id": 40, "name": "Lung opacity"}, {"id": 90, "name": "Fracture"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (out / "annotations.json").write_text(json.dumps(content))
    (out / "images.csv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
