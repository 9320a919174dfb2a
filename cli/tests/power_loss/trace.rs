//! The system calls of a command that change what is on disk, as `strace` reports them.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// All calls that change a file or a folder, or say that it is to be on disk. One that is made and
/// not understood ends the test, so nothing is missed in silence.
const CALLS: &str = "open,openat,creat,lseek,write,pwrite64,writev,pwritev,pwritev2,\
    ftruncate,truncate,fallocate,copy_file_range,sendfile,splice,link,linkat,symlink,symlinkat,\
    rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,sync,syncfs,\
    sync_file_range,msync";

/// One call that succeeded. Descriptors are given as the paths that they stand for.
#[derive(Clone, Debug)]
pub enum Call {
    /// A file or folder was opened.
    Open {
        path: PathBuf,
        create: bool,
        truncate: bool,
    },
    /// Bytes were written, there or where the descriptor stands.
    Write {
        path: PathBuf,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    /// The descriptor stands somewhere else.
    Seek { path: PathBuf },
    /// A file has another name, too.
    Link { from: PathBuf, to: PathBuf },
    /// A name is gone.
    Unlink { path: PathBuf },
    /// A folder was made.
    MakeFolder { path: PathBuf },
    /// A file or folder is on disk.
    Sync { path: PathBuf },
    /// Something else, on these paths.
    Other { line: String, paths: Vec<PathBuf> },
}

/// Runs `command` under strace, writing to `log`; it must succeed.
pub fn record(command: &Command, log: &Path) -> Vec<Call> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-y", "-xx", "-s", "100000000", "--seccomp-bpf"]);
    strace
        .args(["-e", &format!("trace={CALLS}"), "-e", "signal=none", "-o"])
        .arg(log)
        .arg("--");
    strace.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    let output = match strace.stdin(Stdio::null()).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!(
                "strace is not installed: scripts/test.sh installs it, or take Debian's package strace"
            )
        }
        output => output.unwrap(),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "strace {command:?} ended with {}: {errors}",
        output.status
    );
    parse(&std::fs::read_to_string(log).unwrap())
}

/// The calls of a report, in the order in which they ended.
pub fn parse(report: &str) -> Vec<Call> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for line in report.lines() {
        let (thread, line) = line.split_once(' ').unwrap();
        let line = line.trim_start();
        if let Some(start) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, start);
        } else if let Some((_, end)) = line.split_once(" resumed>") {
            let start = begun.remove(thread).unwrap();
            calls.extend(call(&format!("{start}{end}")));
        } else {
            calls.extend(call(line));
        }
    }
    calls
}

/// What a whole line says; nothing of calls that failed.
fn call(line: &str) -> Option<Call> {
    let (rest, result) = line.rsplit_once(" = ")?;
    let result: i64 = result.split(['<', ' ']).next()?.parse().ok()?;
    if result < 0 {
        return None;
    }
    let (name, arguments) = rest.split_once('(').unwrap();
    let path = || paths(arguments).remove(0);
    Some(match name {
        "open" | "openat" | "creat" => Call::Open {
            path: path(),
            create: name == "creat" || arguments.contains("O_CREAT"),
            truncate: name == "creat" || arguments.contains("O_TRUNC"),
        },
        "lseek" => Call::Seek {
            path: descriptor(arguments)?,
        },
        "write" | "writev" | "pwrite64" => {
            let mut bytes = strings(arguments).concat();
            bytes.truncate(result as usize);
            let end = arguments.trim_end_matches(')');
            let at =
                (name == "pwrite64").then(|| end.rsplit(", ").next().unwrap().parse().unwrap());
            Call::Write {
                path: descriptor(arguments)?,
                at,
                bytes,
            }
        }
        "link" | "linkat" => {
            let [from, to] = paths(arguments).try_into().unwrap();
            Call::Link { from, to }
        }
        "unlink" | "unlinkat" if !arguments.contains("AT_REMOVEDIR") => {
            Call::Unlink { path: path() }
        }
        "mkdir" | "mkdirat" => Call::MakeFolder { path: path() },
        "fsync" | "fdatasync" => Call::Sync {
            path: descriptor(arguments)?,
        },
        _ => Call::Other {
            line: line.to_owned(),
            paths: paths(arguments)
                .into_iter()
                .chain(descriptor(arguments))
                .collect(),
        },
    })
}

/// The path of the first descriptor among the arguments.
fn descriptor(arguments: &str) -> Option<PathBuf> {
    let (_, path) = arguments.split_once('<')?;
    let path = decode(path.split('>').next()?);
    Some(PathBuf::from(String::from_utf8(path).unwrap()))
}

/// The strings among the arguments, all of which are in hexadecimal.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    arguments
        .split('"')
        .skip(1)
        .step_by(2)
        .map(decode)
        .collect()
}

/// The paths among the arguments; relative ones follow the folder they are relative to.
fn paths(arguments: &str) -> Vec<PathBuf> {
    let mut parts = arguments.split('"');
    let mut paths = Vec::new();
    while let (Some(before), Some(path)) = (parts.next(), parts.next()) {
        let folder = before
            .rsplit_once('<')
            .map_or("", |(_, path)| path.split('>').next().unwrap());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        paths.push(Path::new(&text(decode(folder))).join(text(decode(path))));
    }
    paths
}

/// `\x61\x62` as bytes.
fn decode(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes
        .map(|byte| u8::from_str_radix(&byte[..2], 16).unwrap())
        .collect()
}

#[test]
fn a_report_is_read_as_calls() {
    let report = r#"7 openat(AT_FDCWD<\x2f\x77>, "\x61", O_WRONLY|O_CREAT|O_EXCL, 0666) = 3<\x2f\x77\x2f\x61>
7 write(3<\x2f\x77\x2f\x61>, "\x68\x69\x21", 3 <unfinished ...>
8 mkdir("\x2f\x77\x2f\x64", 0777) = -1 EEXIST (File exists)
7 <... write resumed>) = 2
8 fsync(3<\x2f\x77\x2f\x61>) = 0
8 rename("\x2f\x77\x2f\x61", "\x2f\x77\x2f\x62") = 0
8 +++ exited with 0 +++"#;
    let calls = parse(report);
    let [open, write, sync, other] = &calls[..] else {
        panic!("{calls:?}")
    };
    let a = Path::new("/w/a");
    assert!(matches!(open, Call::Open { path, create: true, truncate: false } if path == a));
    assert!(matches!(write, Call::Write { path, at: None, bytes } if path == a && bytes == b"hi"));
    assert!(matches!(sync, Call::Sync { path } if path == a));
    assert!(matches!(other, Call::Other { paths, .. } if paths.len() == 2));
}
