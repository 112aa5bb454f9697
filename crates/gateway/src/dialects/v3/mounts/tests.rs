use super::{Mount, MountSettings, Profile};

fn mount(prefix: &str, profile: Profile) -> Mount {
    Mount { prefix: prefix.to_owned(), profile }
}

#[test]
fn paths_are_read_as_clients_build_them() {
    let check = |mount: &Mount, path: &str, expected: &str| {
        assert_eq!(mount.segments(path).join("/"), expected, "{path}");
    };
    let (plain, gateway) = (mount("", Profile::V3), mount("/gateway", Profile::V3));
    check(&plain, "/v3/payments", "payments");
    check(&plain, "/v3", "");
    check(&plain, "/v3/", "");
    check(&plain, "//v3//payments//8ac7/", "payments/8ac7");
    check(&plain, "/v3/v3/payments", "payments");
    check(&plain, "/v3/v3/v3/payments", "v3/payments");
    check(&gateway, "/gateway/v3//v3/checkouts", "checkouts");
    check(&gateway, "/gateway//v3/checkouts", "checkouts");
    check(&gateway, "/gateway/v3/gateway/v3/checkouts", "gateway/v3/checkouts");
    check(&mount("/oppwa", Profile::Oppwa), "/oppwa/v1/v1/payments/", "payments");
    check(&mount("/oppwa", Profile::Oppwa), "/oppwa/v1/v3/payments", "v3/payments");
}

#[test]
fn answers_name_paths_from_the_version_on() {
    assert_eq!(mount("/gateway", Profile::V3).resource("payments/8ac7"), "/v3/payments/8ac7");
    assert_eq!(mount("/oppwa", Profile::Oppwa).resource("payments/8ac7"), "/v1/payments/8ac7");
}

#[test]
fn a_base_url_may_end_with_a_slash() {
    assert_eq!(mount("", Profile::V3).spellings(), ["/v3", "//v3"]);
    let gateway = mount("/gateway", Profile::V3).spellings();
    assert_eq!(gateway, ["/gateway/v3", "//gateway/v3", "/gateway//v3", "//gateway//v3"]);
}

#[test]
fn mounts_of_others_stop_the_start() {
    let check = |prefixes: &[&str], oppwa_prefixes: &[&str], expected: Result<usize, &str>| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let settings = MountSettings {
            prefixes: owned(prefixes),
            oppwa_prefixes: owned(oppwa_prefixes),
            ..MountSettings::default()
        };
        let found = settings.mounts().map(|mounts| mounts.len());
        match expected {
            Ok(count) => assert_eq!(found, Ok(count), "{prefixes:?} {oppwa_prefixes:?}"),
            Err(part) => {
                let sentence = found.expect_err("a fault");
                assert!(sentence.contains(part), "{prefixes:?} {oppwa_prefixes:?}: {sentence}");
            }
        }
    };
    assert_eq!(MountSettings::default().mounts().map(|mounts| mounts.len()), Ok(5));
    check(&[""], &[], Ok(1));
    check(&["/shop/api", "/api2"], &["/pay"], Ok(3));
    // The bare /v1 is the cashier's.
    check(&[""], &[""], Err("/v1 belongs to another part"));
    for prefix in
        ["/v1", "/v2/x", "/admin", "/portal/x", "/docs", "/static", "/sim", "/transaction", "/pay/v2", "/cashier"]
    {
        check(&[prefix], &[], Err("belongs to another part"));
    }
    for prefix in ["gateway", "/gateway/", "/", "//x", "/a b", "/{x}", "/x/../y", "/ü"] {
        check(&[prefix], &[], Err("must be empty or a path"));
    }
    check(&["", "/v3"], &[], Err("/v3/v3 lies below /v3"));
    check(&["", ""], &[], Err("lies below"));
    check(&["/oppwa/v1"], &["/oppwa"], Err("/oppwa/v1/v3 lies below /oppwa/v1"));
    check(&[], &["/oppwa"], Err("one prefix at least"));
}
