//! Go's build information.

/// The blob as `cmd/link` writes it since Go 1.18.
pub(super) fn go_build(settings: &[(String, String)]) -> Vec<u8> {
    let mut blob = b"\xff Go buildinf:".to_vec();
    blob.extend([8, 2]);
    blob.resize(32, 0);
    let mut lines = String::from("path\texample.com/app\nmod\texample.com/app\t(devel)\t\n");
    for (name, value) in settings {
        lines.push_str(&format!("build\t{name}={value}\n"));
    }
    // Marks by which the text is found in a running program stand around it.
    let modules = [&[0x30; 16], lines.as_bytes(), &[0x32; 16]].concat();
    for text in [b"go1.22.5".to_vec(), modules] {
        let mut length = text.len();
        while length >= 0x80 {
            blob.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        blob.push(u8::try_from(length).expect("seven bits"));
        blob.extend(text);
    }
    blob
}
