//! The difference of two lists of lines, as a person reads it.

/// All lines in order: `-` is only in the first, `+` only in the second.
pub(super) fn lines(first: &[String], second: &[String]) -> String {
    // How many lines the rests from here on have in common.
    let mut common = vec![vec![0_usize; second.len() + 1]; first.len() + 1];
    for (i, ours) in first.iter().enumerate().rev() {
        for (j, theirs) in second.iter().enumerate().rev() {
            common[i][j] = if ours == theirs {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut text = String::new();
    let mut say = |sign: char, line: &str| text.push_str(&format!("  {sign} {line}\n"));
    while i < first.len() || j < second.len() {
        if i < first.len() && j < second.len() && first[i] == second[j] {
            say(' ', &first[i]);
            (i, j) = (i + 1, j + 1);
        } else if j == second.len() || i < first.len() && common[i + 1][j] >= common[i][j + 1] {
            say('-', &first[i]);
            i += 1;
        } else {
            say('+', &second[j]);
            j += 1;
        }
    }
    text
}

#[test]
fn what_is_common_stands_between_what_is_not() {
    let list = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let said = lines(&list("a b c d"), &list("b x d e"));
    assert_eq!(said, "  - a\n    b\n  - c\n  + x\n    d\n  + e\n");
}
