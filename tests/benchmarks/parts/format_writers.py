"""Imagers' formats written byte by byte from their descriptions, with nothing of blotquant's own.

What a reader makes of these files is checked against what was put into them. Where no real file of
a format could be had, this is all that stands behind its reader; docs/reference/formats.md says so.
"""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np

# TIFF 6.0, section 2: types by number, and the struct letters of what they hold.
_TYPES = {1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 12: "d"}


def bands(shape=(64, 72), top=60000, seed=0):
    """Three lanes of two bands on a noisy ground, uint16."""
    rows, cols = np.mgrid[: shape[0], : shape[1]].astype(float)
    picture = np.full(shape, 0.05 * top)
    for lane in (0.2, 0.5, 0.8):
        for row, share in ((0.3, 1.0), (0.7, 0.5)):
            across = np.abs(cols - lane * shape[1]) < 0.1 * shape[1]
            picture += 0.8 * top * share * across * np.exp(-(((rows - row * shape[0]) / 4) ** 2))
    picture += np.random.default_rng(seed).normal(0, 0.005 * top, shape)
    return np.clip(np.rint(picture), 0, 65535).astype(np.uint16)


# ---- TIFF ---------------------------------------------------------------------------------------


def tag(code, kind, *values):
    """A directory entry: code, type and values; text for type 2, (over, under) for type 5."""
    if kind == 2:
        data = values[0].encode("utf-8") + b"\0"
        return code, kind, len(data), lambda order: data
    flat = [number for value in values for number in (value if kind == 5 else (value,))]
    letters = _TYPES[kind] * len(values)
    return code, kind, len(values), lambda order: struct.pack(order + letters, *flat)


def page_tags(pixels, tags=(), photometric=1):
    """The entries that a grey page must have, but for the place of its pixels."""
    rows, cols = pixels.shape
    form = 3 if pixels.dtype.kind == "f" else 1
    return [
        tag(256, 4, cols),
        tag(257, 4, rows),
        tag(258, 3, 8 * pixels.itemsize),
        tag(259, 3, 1),
        tag(262, 3, photometric),
        tag(277, 3, 1),
        tag(278, 4, rows),
        tag(279, 4, pixels.nbytes),
        tag(339, 3, form),
        *tags,
    ]


def tiff(pages, order="<", last=0):
    """TIFF of pages ``(pixels or None, tags)``, one strip each; `last` ends the chain.

    A page of no pixels holds its tags alone, as the second one of a .gel does.
    """
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0))
    link = 4
    for pixels, tags in pages:
        entries = list(tags)
        if pixels is not None:
            place = len(out)
            out += pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
            entries = [*page_tags(pixels, tags), tag(273, 4, place)]
        if len(out) % 2:
            out += b"\0"
        struct.pack_into(order + "I", out, link, len(out))
        link = _directory(out, entries, order)
    struct.pack_into(order + "I", out, link, last)
    return bytes(out)


def _directory(out, entries, order):
    """Append a directory and the values too long for it; where the next one's place is written."""
    start = len(out)
    values = start + 2 + 12 * len(entries) + 4
    head, tail = bytearray(struct.pack(order + "H", len(entries))), bytearray()
    for code, kind, count, data in sorted(entries, key=lambda entry: entry[0]):
        packed = data(order)
        head += struct.pack(order + "HHI", code, kind, count)
        if len(packed) <= 4:
            head += packed.ljust(4, b"\0")
        else:
            head += struct.pack(order + "I", values + len(tail))
            tail += packed + b"\0" * (len(packed) % 2)
    out += head + b"\0\0\0\0" + tail
    return start + len(head)


# ---- Molecular Dynamics .gel --------------------------------------------------------------------


def gel(pictures, code=2, scale=(1, 1), behind=False, order="<", texts=()):
    """A .gel: tags 33445 (2 square root, 128 linear) and 33446 (scale), on the page or behind."""
    said = [tag(33445, 4, code), tag(33446, 5, scale), *(tag(at, 2, text) for at, text in texts)]
    pages = []
    for stored in pictures:
        pages += [(stored, []), (None, said)] if behind else [(stored, said)]
    return tiff(pages, order)


# ---- Fuji ---------------------------------------------------------------------------------------


def fuji_inf(rows, cols, bits=16, pixel=(100, 100), sensitivity="4000", latitude="5"):
    """The text beside Fuji's pixels, line by line."""
    lines = [
        "BAS_IMAGE_FILE", "scan", "20*25", str(pixel[0]), str(pixel[1]), str(bits), str(cols),
        str(rows), sensitivity, latitude, "Tue Mar  4 12:00:00 2003", "1046779200", "3", "",
        "plate 7",
    ]  # fmt: skip
    return ("\n".join(lines) + "\n").encode("ascii")


def fuji(path, stored, **said):
    """Write NAME.img (big-endian) and NAME.inf; the path of the .img."""
    path = Path(path)
    path.write_bytes(stored.astype(stored.dtype.newbyteorder(">")).tobytes())
    path.with_suffix(".inf").write_bytes(fuji_inf(*stored.shape, **said))
    return path


# ---- LI-COR -------------------------------------------------------------------------------------


def licor_files(pictures, scan="0001_01", tags=()):
    """Files of one scan by their names: index, the scan's own text, a TIFF for each channel."""
    names = {channel: f"{scan}_{channel}.TIF" for channel in pictures}
    index = f"#LI-COR LI2D\nScanNames={scan}\nExperimentNames=\n"
    said = (
        "#LI-COR scan\nScanDate=2019, 3, 4\nScannerName=Odyssey\n"
        f"ScanChannels={' '.join(pictures)}\nImageNames={', '.join(names.values())}\n"
        "Comments=plate 7\n"
    )
    files = {"blot.l2d": index.encode(), f"{scan}/{scan}.scn": said.encode()}
    for channel, pixels in pictures.items():
        files[f"{scan}/{names[channel]}"] = tiff([(pixels, list(tags))])
    return files


def licor_folder(folder, pictures, **options):
    """Write a scan as LI-COR's software keeps it; the path of the index."""
    for name, data in licor_files(pictures, **options).items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return Path(folder) / "blot.l2d"


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    """Bytes of a zip archive of files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, compression)
    return buffer.getvalue()


# ---- OME-TIFF -----------------------------------------------------------------------------------


def ome_xml(names, exposures, order="XYCZT", pixel_um=0.05, shape=(64, 72)):
    """OME-XML of one picture of several channels, sizes in mm and times in ms."""
    channels = "".join(f'<Channel ID="Channel:0:{n}" Name="{x}"/>' for n, x in enumerate(names))
    planes = "".join(
        f'<Plane TheC="{n}" TheZ="0" TheT="0" ExposureTime="{1000 * x}" ExposureTimeUnit="ms"/>'
        for n, x in enumerate(exposures)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Instrument ID="Instrument:0"><Microscope Model="Amersham ImageQuant 800"/></Instrument>'
        '<Image ID="Image:0" Name="blot"><AcquisitionDate>2024-05-06T07:08:09</AcquisitionDate>'
        f'<Pixels ID="Pixels:0" DimensionOrder="{order}" Type="uint16" SizeX="{shape[1]}" '
        f'SizeY="{shape[0]}" SizeC="{len(names)}" SizeZ="1" SizeT="1" PhysicalSizeX="{pixel_um}" '
        f'PhysicalSizeXUnit="mm" PhysicalSizeY="{pixel_um}" PhysicalSizeYUnit="mm">'
        f"{channels}<TiffData/>{planes}</Pixels></Image></OME>"
    )


def ome_tiff(pictures, names, exposures, **options):
    """OME-TIFF of one page a channel."""
    xml = ome_xml(names, exposures, shape=pictures[0].shape, **options)
    pages = [(pixels, [tag(270, 2, xml)] if n == 0 else []) for n, pixels in enumerate(pictures)]
    return tiff(pages)


# ---- Bio-Rad Image Lab .scn ---------------------------------------------------------------------

SCN_HEADER = """<!DOCTYPE XML>
<root>
 <name>{name}</name>
 <endian>{endian}</endian>
 <size_pix height="{rows}" width="{cols}"/>
 <size_mm known="true" height="9" width="12"/>
 <scanner data_ceiling="{ceiling}" max_value="65535"/>
 <image zero_is="white"/>
 <scan_attributes>
  <imager type="0" name="Imager" value="ChemiDoc"/>
  <image_date type="3" name="Image Date" value="2018-12-05T18:22:40"/>
  <exposure_time type="1" name="Exposure Time (sec)" value="12.5"/>
 </scan_attributes>
 <extended_scan_attributes>
  <extended_bias_info type="0" name="Bias Info" value="Bias subtraction done offset = 59"/>
 </extended_scan_attributes>
</root>
"""


def scn_part(description, body, kind="application/octet-stream"):
    """A leaf of the MIME document."""
    head = (
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nContent-Description: {description}"
    )
    return head.encode() + b"\r\nX-EntityRank: first\r\n\r\n" + body + b"\r\n"


def scn(path, pictures, ceiling=65535, endian="little", header_first=False):
    """Write an .scn: an outer and an inner boundary, no closing one."""
    out = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="outer"\r\n\r\n--outer\r\n'
    out += scn_part("ItemHeaderTag", b"<root/>", "text/xml")
    for number, data in enumerate(pictures):
        rows, cols = data.shape
        header = SCN_HEADER.format(
            name=f"channel {number}", endian=endian, rows=rows, cols=cols, ceiling=ceiling
        )
        order = "<u2" if endian == "little" else ">u2"
        leaves = [
            scn_part("ImageData", data.astype(order).tobytes()),
            scn_part("ImageHeader", header.encode(), 'text/xml; charset="utf8"'),
        ]
        out += b'--outer\r\nContent-Type: multipart/mixed; boundary="inner"\r\n\r\n--inner\r\n'
        out += b"--inner\r\n".join(leaves[::-1] if header_first else leaves)
    path.write_bytes(out)
    return path
