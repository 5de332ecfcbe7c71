"""Clips for the tests of moving pictures, made with PyAV."""

from fractions import Fraction

import av
import numpy
from PIL import Image
from scipy import ndimage


def scenery(seed=0, shape=(72, 96)):
    """Return a picture with something to see everywhere."""
    noise = numpy.random.default_rng(seed).uniform(0, 1, (*shape, 3))
    soft = sum(ndimage.gaussian_filter(noise, (r, r, 0)) * r for r in (1, 2, 4))
    return (255 * (soft - soft.min()) / numpy.ptp(soft)).astype('uint8')


def moving(count, shape=(36, 48), seed=0, step=2):
    """Return frames of a camera that goes to the right."""
    large = scenery(seed, (shape[0], shape[1] + step * count))
    return [large[:, step * k : step * k + shape[1]] for k in range(count)]


def write(path, imgs, times=None, codec='libx264', pix_fmt='yuv444p', unit=(1, 25), **options):
    """Write frames to a file without loss, each at a time in units."""
    sound = options.pop('sound', None)
    aspect = options.pop('aspect', None)
    with av.open(str(path), 'w') as output:
        stream = output.add_stream(codec, rate=25, options={'qp': '0', **options})
        stream.height, stream.width = imgs[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(*unit)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if sound:
            heard = output.add_stream(sound, rate=48000, layout='mono')
        for time, img in zip(times or range(len(imgs)), imgs):
            kind = {3: 'rgb24', 4: 'rgba'}[img.shape[2]]
            frame = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(img), format=kind)
            frame.pts, frame.time_base = time, Fraction(*unit)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if sound:
            wave = 8000 * numpy.sin(numpy.arange(len(imgs) * 1920) / 20)
            frame = av.AudioFrame.from_ndarray(wave.astype('int16')[None], 's16', 'mono')
            frame.sample_rate, frame.pts = 48000, 0
            output.mux(heard.encode(frame))
            output.mux(heard.encode(None))
    return path


def folder_of(path, imgs):
    """Write frames as pictures into a new folder."""
    path.mkdir()
    for k, img in enumerate(imgs, start=1):
        Image.fromarray(img).save(path / f'{k}.png')
    return path
