use super::{AT_ONCE, Images, png};

#[test]
fn an_image_begins_as_png_and_holds_its_pixels() {
    let image = png::encode(8, |x, y| x == y);
    assert_eq!(&image[..8], b"\x89PNG\r\n\x1a\n");
    // Eight rows of a filter byte and eight pixels, in one stored block after the zlib and block heads.
    let data = image.windows(4).position(|window| window == b"IDAT").expect("there is one") + 4 + 2 + 5;
    let rows: Vec<u8> = (0..8).map(|row| image[data + row * 2 + 1]).collect();
    assert_eq!(rows, [0x7f, 0xbf, 0xdf, 0xef, 0xf7, 0xfb, 0xfd, 0xfe]);
    assert_eq!(&image[image.len() - 8..], b"IEND\xae\x42\x60\x82", "the checksum that every PNG ends with");
}

#[test]
fn each_address_has_its_own_bound() {
    let images = Images::new();
    let (here, there) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
    let admitted = (0..AT_ONCE * 10).filter(|_| images.admits(here)).count();
    assert!((AT_ONCE as usize..AT_ONCE as usize * 2).contains(&admitted), "{admitted}");
    assert!(images.admits(there));
}
