//! Black and white images as PNG (RFC 2083): one bit a pixel, stored without compression, which a QR code of a few hundred pixels does
//! not need.

/// A square image of so many pixels; `dark` says which are black.
pub fn encode(side: usize, dark: impl Fn(usize, usize) -> bool) -> Vec<u8> {
    let row_bytes = side.div_ceil(8);
    let mut raw = Vec::with_capacity((row_bytes + 1) * side);
    for y in 0..side {
        raw.push(0);
        for byte in 0..row_bytes {
            let bit = |place: usize| {
                let x = byte * 8 + place;
                u8::from(x >= side || !dark(x, y)) << (7 - place)
            };
            raw.push((0..8).map(bit).fold(0, |byte, bit| byte | bit));
        }
    }
    let side = u32::try_from(side).unwrap_or(u32::MAX).to_be_bytes();
    let mut head = Vec::new();
    head.extend(side);
    head.extend(side);
    // One bit a pixel, greyscale, the only compression, filter and no interlacing.
    head.extend([1, 0, 0, 0, 0]);
    let mut image = vec![0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
    chunk(&mut image, b"IHDR", &head);
    chunk(&mut image, b"IDAT", &stored(&raw));
    chunk(&mut image, b"IEND", &[]);
    image
}

fn chunk(image: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    image.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let from = image.len();
    image.extend(kind);
    image.extend(data);
    let sum = crc(&image[from..]);
    image.extend(sum.to_be_bytes());
}

/// A zlib stream of stored blocks (RFC 1950, RFC 1951).
fn stored(raw: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = raw.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        stream.push(u8::from(blocks.peek().is_none()));
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in raw {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    stream.extend(((high << 16) | low).to_be_bytes());
    stream
}

fn crc(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1));
        }
    }
    !sum
}
