use super::*;

const ROLES: [Role; 2] = [Role::Mediator, Role::Party];

#[test]
fn a_template_explains_every_key_within_a_terminals_width() {
    for template in ALL {
        for role in ROLES {
            let text = template.render(role, Some("drc"));
            assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
            for key in template.keys(role) {
                let line =
                    if key.needed { format!("\n{}:\n", key.name) } else { format!("\n#{}: ", key.name) };
                assert_eq!(text.matches(&line).count(), 1, "{}: {line:?} in {text}", template.kind);
                for word in key.words.map(|words| words()).unwrap_or_default() {
                    assert!(text.replace("\n# ", " ").contains(&word), "{}: {word}", key.name);
                }
            }
        }
    }
}

#[test]
fn a_template_in_which_nothing_was_written_is_blank_and_any_word_is_not() {
    for template in ALL {
        let text = template.render(Role::Party, None);
        assert!(is_blank(&text), "{text}");
        assert!(!is_blank(&text.replace("subject:", "subject: x")));
        assert!(!is_blank(&format!("{text}x\n")), "a text below");
        // Below the front matter this is text, a heading.
        assert!(!is_blank(&format!("{text}# x\n")));
    }
    assert!(is_blank("") && is_blank("\n \n") && !is_blank("x"));
}

#[test]
fn every_kind_is_found_by_its_word() {
    for template in ALL {
        assert_eq!(Template::of(template.kind).unwrap().kind, template.kind);
    }
    assert!(Template::of("poem").is_none());
}
