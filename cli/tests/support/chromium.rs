//! Headless Chromium, spoken to by its DevTools protocol over a pair of pipes.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take before the browser is taken for dead.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with one page.
pub struct Chromium {
    child: Child,
    to: File,
    from: std::sync::mpsc::Receiver<Value>,
    session: String,
    last: u64,
    events: Vec<Value>,
    _folder: tempfile::TempDir,
}

/// What a page complained of, and which hosts it asked.
#[derive(Debug, PartialEq)]
pub struct Seen {
    pub complaints: Vec<String>,
    pub asked: Vec<String>,
}

impl Chromium {
    /// Starts one; where there is none, says so loudly, and fails where tests run unattended.
    pub fn start() -> Option<Self> {
        let found = Command::new("chromium")
            .arg("--version")
            .stderr(Stdio::null())
            .output();
        if !found.is_ok_and(|output| output.status.success()) {
            assert!(
                std::env::var_os("CI").is_none(),
                "there is no chromium, and CI is set"
            );
            eprintln!(
                "SKIPPED: NO PAGE WAS LOOKED AT, FOR THERE IS NO CHROMIUM (Debian package chromium)"
            );
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let pipe = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (to, from) = (pipe("to"), pipe("from"));
        let made = Command::new("mkfifo").args([&to, &from]).status().unwrap();
        assert!(made.success());
        let profile = pipe("profile");
        // The protocol is spoken on file descriptors 3 and 4, which a shell can give a program.
        let script = "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
            --no-first-run --disable-background-networking --disable-component-update --disable-sync \
            --hide-scrollbars --remote-debugging-pipe --user-data-dir=\"$3\" about:blank 3<\"$1\" 4>\"$2\"";
        let child = Command::new("sh")
            .args(["-c", script, "sh", &to, &from, &profile])
            .stdout(Stdio::null())
            .stderr(File::create(pipe("errors")).unwrap())
            .spawn()
            .unwrap();
        let to = OpenOptions::new().write(true).open(&to).unwrap();
        let reader = BufReader::new(File::open(&from).unwrap());
        let (send, from) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for message in reader.split(0) {
                let Ok(message) = message else { return };
                let Ok(message) = serde_json::from_slice(&message) else {
                    return;
                };
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            session: String::new(),
            last: 0,
            events: vec![],
            _folder: folder,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Opens a file on a screen of this size and waits until it is drawn.
    pub fn open(&mut self, file: &str, across: u32, down: u32, dark: bool) -> Seen {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": across, "height": down, "deviceScaleFactor": 1, "mobile": across < 600}),
        );
        let scheme = if dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
        self.events.clear();
        self.call("Page.navigate", json!({"url": format!("file://{file}")}));
        let begun = Instant::now();
        while self.value("document.readyState") != json!("complete") {
            assert!(begun.elapsed() < PATIENCE, "{file} is not loaded");
        }
        self.seen()
    }

    /// What a page complained of since it was opened, and whom it asked.
    pub fn seen(&mut self) -> Seen {
        // An answer comes behind the events before it.
        self.value(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
        );
        let mut seen = Seen {
            complaints: vec![],
            asked: vec![],
        };
        for event in self.events.drain(..) {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" | "Log.entryAdded" => {
                    seen.complaints.push(params.to_string())
                }
                "Runtime.consoleAPICalled" if params["type"] != "log" => {
                    seen.complaints.push(params.to_string());
                }
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().unwrap();
                    if !["file:", "data:", "blob:"]
                        .iter()
                        .any(|own| url.starts_with(own))
                    {
                        seen.asked.push(url.to_owned());
                    }
                }
                _ => {}
            }
        }
        seen
    }

    /// What an expression is in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        answer["result"]
            .get("value")
            .cloned()
            .unwrap_or(Value::Null)
    }

    /// A picture of the screen, scrolled to where an expression says, as PNG.
    pub fn shot(&mut self, scroll_by: &str) -> Vec<u8> {
        self.value(&format!("window.scrollBy(0, {scroll_by})"));
        self.value(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
        );
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"}));
        decoded(shot["data"].as_str().unwrap())
    }

    /// Ends it.
    pub fn end(mut self) {
        self.call("Browser.close", json!({}));
        self.child.wait().unwrap();
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() && !method.starts_with("Browser.") {
            message["sessionId"] = json!(self.session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let answer = self
                .from
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no answer to {method}"));
            if answer["id"] == json!(self.last) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Base64, as the protocol sends pictures.
fn decoded(text: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shot");
    fs::write(&file, text).unwrap();
    let output = Command::new("base64")
        .arg("-d")
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}
