//! A disk that forgets: what a power loss may leave of a series of changes.
//!
//! Nothing is on disk but what was synced: the bytes of a file once the file was, a name once its
//! folder was. Of all else any part may be there or not, in any order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::trace::Call;

/// A file or folder, whatever its names.
pub type Node = usize;

/// The folder in which everything happens; on disk from the start.
const WORLD: Node = 0;

/// One change, or one sync.
#[derive(Clone, Debug)]
pub enum Op {
    /// A name of a new file or folder, or a further one.
    Enter {
        folder: Node,
        name: String,
        node: Node,
    },
    /// A name that is gone.
    Leave { folder: Node, name: String },
    /// Bytes of a file.
    Write { file: Node, at: u64, bytes: Vec<u8> },
    /// All bytes of a file are gone.
    Empty { file: Node },
    /// All of a file's bytes, or all names in a folder, are on disk from now on.
    Sync { node: Node },
    /// A command has reported success.
    Done,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enter { .. } => "the making",
            Self::Leave { .. } => "the removal",
            Self::Write { .. } | Self::Empty { .. } => "the writing",
            Self::Sync { .. } => "the sync",
            Self::Done => "the end",
        })
    }
}

impl Op {
    /// What must be synced for this change to be on disk.
    fn home(&self) -> Option<Node> {
        match self {
            Self::Enter { folder, .. } | Self::Leave { folder, .. } => Some(*folder),
            Self::Write { file, .. } | Self::Empty { file } => Some(*file),
            Self::Sync { .. } | Self::Done => None,
        }
    }

    fn is_data(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::Empty { .. })
    }
}

/// All that has happened below a folder, from its beginning.
#[derive(Debug)]
pub struct Disk {
    world: PathBuf,
    /// What has happened.
    pub ops: Vec<Op>,
    /// The path of what each operation is about, for messages.
    pub paths: Vec<String>,
    folders: HashSet<Node>,
    names: HashMap<(Node, String), Node>,
    /// The files that the process under way has begun, and how long they are.
    fresh: HashMap<Node, u64>,
    nodes: usize,
}

impl Disk {
    /// An empty disk, which is the folder `world`.
    pub fn new(world: &Path) -> Self {
        Self {
            world: world.to_owned(),
            ops: Vec::new(),
            paths: Vec::new(),
            folders: [WORLD].into(),
            names: HashMap::new(),
            fresh: HashMap::new(),
            nodes: 1,
        }
    }

    /// The disk as it was before operation `at`, from there on as the folder `world`.
    pub fn until(&self, at: usize, world: &Path) -> Self {
        let mut disk = Self::new(world);
        disk.ops = self.ops[..at].to_vec();
        disk.paths = self.paths[..at].to_vec();
        disk.folders = self.folders.clone();
        disk.nodes = self.nodes;
        for op in &disk.ops {
            match op {
                Op::Enter { folder, name, node } => {
                    disk.names.insert((*folder, name.clone()), *node);
                }
                Op::Leave { folder, name } => {
                    disk.names.remove(&(*folder, name.clone()));
                }
                Op::Write { .. } | Op::Empty { .. } | Op::Sync { .. } | Op::Done => {}
            }
        }
        disk
    }

    /// What a process did, one call after another.
    pub fn record(&mut self, calls: Vec<Call>) {
        for call in calls {
            self.apply(call);
        }
        self.fresh.clear();
    }

    /// The process has reported success.
    pub fn done(&mut self) {
        self.push(Op::Done, Path::new(""));
    }

    fn push(&mut self, op: Op, path: &Path) {
        self.ops.push(op);
        let path = path.strip_prefix(&self.world).unwrap_or(path);
        self.paths.push(path.display().to_string());
    }

    fn apply(&mut self, call: Call) {
        match call {
            Call::Open {
                path,
                create,
                truncate,
            } => {
                let Some((folder, name)) = self.place(&path) else {
                    return;
                };
                match self.node(folder, &name) {
                    Some(file) if truncate => {
                        self.fresh.insert(file, 0);
                        self.push(Op::Empty { file }, &path);
                    }
                    None if create => {
                        let node = self.enter(folder, name, &path);
                        self.fresh.insert(node, 0);
                    }
                    None => panic!("{} is opened and was never made", path.display()),
                    Some(_) => {}
                }
            }
            Call::Seek { path } => {
                let Some(node) = self.known(&path) else {
                    return;
                };
                assert!(
                    !self.fresh.contains_key(&node),
                    "{} is written with seeks",
                    path.display()
                );
            }
            Call::Write { path, at, bytes } => {
                let Some(file) = self.known(&path) else {
                    return;
                };
                let length = self.fresh.get_mut(&file);
                let length = length.unwrap_or_else(|| panic!("{} is changed", path.display()));
                let at = at.unwrap_or(*length);
                *length = at + bytes.len() as u64;
                self.push(Op::Write { file, at, bytes }, &path);
            }
            Call::Link { from, to } => {
                let Some((folder, name)) = self.place(&to) else {
                    return;
                };
                let (from_folder, from_name) = self.place(&from).unwrap();
                let node = self.node(from_folder, &from_name).unwrap();
                self.names.insert((folder, name.clone()), node);
                self.push(Op::Enter { folder, name, node }, &to);
            }
            Call::Unlink { path } => {
                let Some((folder, name)) = self.place(&path) else {
                    return;
                };
                self.names.remove(&(folder, name.clone()));
                self.push(Op::Leave { folder, name }, &path);
            }
            Call::MakeFolder { path } => {
                let Some((folder, name)) = self.place(&path) else {
                    return;
                };
                let node = self.enter(folder, name, &path);
                self.folders.insert(node);
            }
            Call::Sync { path } => {
                let Some(node) = self.known(&path) else {
                    return;
                };
                self.push(Op::Sync { node }, &path);
            }
            Call::Other { line, paths } => {
                let here = paths.iter().any(|path| path.starts_with(&self.world));
                let all = line.starts_with("sync(");
                assert!(
                    !here && !all,
                    "the model of the disk does not know this call: {line}"
                );
            }
        }
    }

    fn enter(&mut self, folder: Node, name: String, path: &Path) -> Node {
        let node = self.nodes;
        self.nodes += 1;
        self.names.insert((folder, name.clone()), node);
        self.push(Op::Enter { folder, name, node }, path);
        node
    }

    /// What is at a path; `None` if outside of the world.
    fn known(&self, path: &Path) -> Option<Node> {
        let (folder, name) = self.place(path)?;
        let node = self.node(folder, &name);
        Some(node.unwrap_or_else(|| panic!("{} was never made", path.display())))
    }

    fn node(&self, folder: Node, name: &str) -> Option<Node> {
        if name.is_empty() {
            return Some(WORLD);
        }
        self.names.get(&(folder, name.to_owned())).copied()
    }

    /// The folder and name of a path; the world itself has no name; `None` if outside of it.
    fn place(&self, path: &Path) -> Option<(Node, String)> {
        let inside = path.strip_prefix(&self.world).ok()?;
        let parts: Vec<&str> = (inside.components())
            .map(|part| match part {
                Component::Normal(name) => name.to_str().unwrap(),
                other => panic!("{} has {other:?} in it", path.display()),
            })
            .collect();
        let Some((name, folders)) = parts.split_last() else {
            return Some((WORLD, String::new()));
        };
        let mut folder = WORLD;
        for part in folders {
            let known = self.node(folder, part);
            folder = known.unwrap_or_else(|| panic!("{} is in no known folder", path.display()));
        }
        Some((folder, (*name).to_owned()))
    }

    /// How many commands had reported success before operation `at`.
    pub fn done_before(&self, at: usize) -> usize {
        self.ops[..at]
            .iter()
            .filter(|op| matches!(op, Op::Done))
            .count()
    }

    /// What a reader sees before operation `at`, without a power loss.
    pub fn before(&self, at: usize) -> Tree {
        self.tree(at, &(0..at).collect(), None)
    }

    /// What operation `at` syncs, if it is a sync.
    pub fn synced(&self, at: usize) -> Option<Node> {
        match self.ops[at] {
            Op::Sync { node } => Some(node),
            _ => None,
        }
    }

    /// Whether operation `at` syncs a folder.
    pub fn syncs_folder(&self, at: usize) -> bool {
        let synced = self.synced(at);
        synced.is_some_and(|node| self.folders.contains(&node))
    }

    /// The disks that a power loss just before operation `at` may leave, as if the sync `without`
    /// had not been made.
    pub fn after_power_loss(&self, at: usize, without: Option<usize>) -> BTreeSet<Tree> {
        let (mut durable, mut open) = (Vec::new(), Vec::new());
        let mut synced = HashSet::new();
        for (n, op) in self.ops[..at].iter().enumerate().rev() {
            match (op, op.home()) {
                (Op::Sync { node }, _) if without != Some(n) => {
                    synced.insert(*node);
                }
                (_, Some(home)) if synced.contains(&home) => durable.push(n),
                (_, Some(_)) => open.push(n),
                _ => {}
            }
        }
        open.reverse();
        let durable: HashSet<usize> = durable.into_iter().collect();
        let tree = |torn: bool, keep: &dyn Fn(usize, usize) -> bool| {
            let mut kept = durable.clone();
            let more = open
                .iter()
                .enumerate()
                .filter(|(place, n)| keep(*place, **n));
            kept.extend(more.map(|(_, n)| *n));
            self.tree(at, &kept, torn.then_some(&durable))
        };
        let mut trees = BTreeSet::new();
        // Names without their bytes, and names with half of them.
        trees.insert(tree(false, &|_, n| !self.ops[n].is_data()));
        trees.insert(tree(true, &|_, _| true));
        // Everything up to some operation: from nothing to all.
        for end in 0..=open.len() {
            trees.insert(tree(false, &|place, _| place < end));
        }
        // One alone, and all but one.
        for one in 0..open.len() {
            trees.insert(tree(false, &|place, _| place == one));
            trees.insert(tree(false, &|place, _| place != one));
        }
        trees
    }

    /// What is reachable when of the operations before `at` only those `kept` took effect; of
    /// writes that are not `whole` only the first half, if that is given.
    fn tree(&self, at: usize, kept: &HashSet<usize>, whole: Option<&HashSet<usize>>) -> Tree {
        let mut names: HashMap<Node, BTreeMap<&str, Node>> = HashMap::new();
        let mut contents: HashMap<Node, Vec<(usize, usize)>> = HashMap::new();
        for (n, op) in self.ops[..at]
            .iter()
            .enumerate()
            .filter(|(n, _)| kept.contains(n))
        {
            match op {
                Op::Enter { folder, name, node } => {
                    names.entry(*folder).or_default().insert(name, *node);
                }
                Op::Leave { folder, name } => {
                    names.entry(*folder).or_default().remove(name.as_str());
                }
                Op::Write { file, bytes, .. } => {
                    let torn = whole.is_some_and(|whole| !whole.contains(&n));
                    let length = if torn { bytes.len() / 2 } else { bytes.len() };
                    contents.entry(*file).or_default().push((n, length));
                }
                Op::Empty { file } => contents.entry(*file).or_default().clear(),
                Op::Sync { .. } | Op::Done => {}
            }
        }
        let mut tree = Tree::default();
        let mut folders = vec![(WORLD, PathBuf::new())];
        while let Some((folder, path)) = folders.pop() {
            for (name, node) in names.get(&folder).into_iter().flatten() {
                let path = path.join(name);
                if self.folders.contains(node) {
                    tree.folders.insert(path.clone());
                    folders.push((*node, path));
                } else {
                    tree.files
                        .insert(path, contents.get(node).cloned().unwrap_or_default());
                }
            }
        }
        tree
    }

    /// Makes `tree` below `folder`.
    pub fn materialize(&self, tree: &Tree, folder: &Path) {
        for path in &tree.folders {
            fs::create_dir_all(folder.join(path)).unwrap();
        }
        for (path, writes) in &tree.files {
            let mut content = Vec::new();
            for (n, length) in writes {
                let Op::Write { at, bytes, .. } = &self.ops[*n] else {
                    unreachable!()
                };
                let at = *at as usize;
                content.resize(content.len().max(at + length), 0);
                content[at..at + length].copy_from_slice(&bytes[..*length]);
            }
            fs::write(folder.join(path), content).unwrap();
        }
    }
}

/// The names and contents of a disk; a file is the writes that made it, and how much of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tree {
    folders: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Vec<(usize, usize)>>,
}
