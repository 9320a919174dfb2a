//! What is where in a store: the paths of jobs, manifests and segments.

use ulid::Ulid;

use crate::error::Refusal;
use crate::manifest::ManifestNumber;

/// The folder of all jobs.
pub(crate) const JOBS: &str = "jobs";

/// Refuses names that would not be one plain folder everywhere.
pub(crate) fn check_job_name(job: &str) -> Result<(), Refusal> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if job.is_empty() || job.len() > 100 || job.starts_with('.') || !job.bytes().all(plain) {
        return Err(Refusal::JobName(job.to_owned()));
    }
    Ok(())
}

/// The folder of a job's manifests.
pub(crate) fn manifests(job: &str) -> String {
    format!("{JOBS}/{job}/manifest")
}

/// The folder of a job's segments.
pub(crate) fn segments(job: &str) -> String {
    format!("{JOBS}/{job}/segments")
}

/// The path of a manifest; twenty digits, so that paths sort like numbers.
pub(crate) fn manifest(job: &str, number: ManifestNumber) -> String {
    format!("{}/{:020}.json", manifests(job), number.0)
}

/// The number of the manifest at `path`; `None` for any other file, which is left alone.
pub(crate) fn manifest_number(path: &str) -> Option<ManifestNumber> {
    let digits = path.rsplit('/').next()?.strip_suffix(".json")?;
    twenty_digits(digits)
}

/// The path of a new segment whose writer last read the manifest `base`.
pub(crate) fn segment(job: &str, base: ManifestNumber, name: Ulid) -> String {
    format!("{}/{:020}-{name}.parquet", segments(job), base.0)
}

/// The base of the segment at `path`; `None` for any other file, which is left alone.
pub(crate) fn segment_base(path: &str) -> Option<ManifestNumber> {
    let name = path.rsplit('/').next()?.strip_suffix(".parquet")?;
    let (base, name) = name.split_once('-')?;
    Ulid::from_string(name).ok()?;
    twenty_digits(base)
}

fn twenty_digits(digits: &str) -> Option<ManifestNumber> {
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok().map(ManifestNumber))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_back() {
        let number = ManifestNumber(42);
        let path = manifest("flights", number);
        assert_eq!(path, "jobs/flights/manifest/00000000000000000042.json");
        assert_eq!(manifest_number(&path), Some(number));
        let path = segment("flights", number, Ulid::from_parts(1, 2));
        assert_eq!(
            path,
            "jobs/flights/segments/00000000000000000042-00000000010000000000000002.parquet"
        );
        assert_eq!(segment_base(&path), Some(number));
    }

    #[test]
    fn other_files_are_no_manifest_and_no_segment() {
        for path in [
            "m/1.json",
            "m/00000000000000000001.json~",
            "m/+0000000000000000001.json",
        ] {
            assert_eq!(manifest_number(path), None, "{path}");
        }
        for path in [
            "s/00000000000000000001.parquet",
            "s/00000000000000000001-x.parquet",
        ] {
            assert_eq!(segment_base(path), None, "{path}");
        }
    }

    #[test]
    fn a_job_is_one_plain_folder() {
        for name in ["", ".", "..", "a/b", "a b", "ä"] {
            assert!(check_job_name(name).is_err(), "{name:?}");
        }
        assert!(check_job_name("delay_by_airport-2.v1").is_ok());
    }
}
