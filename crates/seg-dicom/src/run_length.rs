//! RLE Lossless (PS3.5, annex G): each byte of the values as a plane of its own, packed.

use std::borrow::Cow;

use crate::codec::{Decoded, broken};
use crate::error::Problem;
use crate::layout::{Layout, Photometric};
use crate::samples::Samples;
use crate::transfer::Encoding;

pub(crate) fn decode(stream: &[u8], layout: Layout) -> Result<Decoded<'static>, Problem> {
    let this = Encoding::RunLength;
    let (pixels, samples) = (layout.pixels(), usize::from(layout.samples));
    let bytes = usize::from(layout.allocated / 8);
    if bytes == 0 {
        return Err(broken(this, "values of one bit cannot be packed so"));
    }
    let header = stream.first_chunk::<64>().ok_or_else(|| broken(this, "it has no header"))?;
    let numbers = header.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b) as usize);
    let numbers = numbers.collect::<Vec<_>>();
    let planes = samples * bytes;
    if numbers[0] != planes {
        return Err(broken(this, format!("{} planes, expected {planes}", numbers[0])));
    }
    // Two bytes stand for 128 at most: what is claimed can be there, before it is allocated.
    if stream.len().saturating_mul(64) < planes * pixels {
        return Err(broken(
            this,
            format!("{} bytes for {planes} planes of {pixels}", stream.len()),
        ));
    }
    let mut words = vec![0u16; if bytes == 2 { layout.values() } else { 0 }];
    let mut eight = vec![0u8; if bytes == 1 { layout.values() } else { 0 }];
    for plane in 0..planes {
        let start = numbers[1 + plane];
        let end = if plane + 1 < planes { numbers[2 + plane] } else { stream.len() };
        let packed = stream.get(start..end).ok_or_else(|| broken(this, "a plane lies outside"))?;
        let (sample, low) = (plane / bytes, plane % bytes == bytes - 1);
        let mut place = sample;
        let filled = unpack(packed, pixels, |byte| {
            match bytes {
                1 => eight[place] = byte,
                // The high byte's plane comes first.
                _ if low => words[place] |= u16::from(byte),
                _ => words[place] = u16::from(byte) << 8,
            }
            place += samples;
        });
        if filled < pixels {
            return Err(broken(this, format!("a plane has {filled} of {pixels} values")));
        }
    }
    let samples = match bytes {
        1 => Samples::Eight(Cow::Owned(eight)),
        _ => Samples::Words(words),
    };
    let photometric = match layout.photometric {
        Photometric::YbrFull422 => Photometric::YbrFull, // which has no form with shared colours here
        other => other,
    };
    Ok(Decoded { samples, layout: Layout { photometric, planar: false, ..layout } })
}

/// Unpacks at most `most` bytes, and says how many there were.
fn unpack(packed: &[u8], most: usize, mut each: impl FnMut(u8)) -> usize {
    let (mut at, mut count) = (0, 0);
    while count < most {
        let Some(control) = packed.get(at) else { break };
        at += 1;
        match *control as i8 {
            -128 => {}
            repeat @ ..0 => {
                let Some(byte) = packed.get(at) else { break };
                let times = (1 - i32::from(repeat)) as usize;
                let times = times.min(most - count);
                (0..times).for_each(|_| each(*byte));
                (at, count) = (at + 1, count + times);
            }
            literal => {
                let rest = packed.get(at..).unwrap_or(&[]);
                let times = (literal as usize + 1).min(most - count).min(rest.len());
                rest[..times].iter().for_each(|byte| each(*byte));
                (at, count) = (at + literal as usize + 1, count + times);
            }
        }
    }
    count
}
