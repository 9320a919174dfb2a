//! What a process has used.

use cpu_time::ProcessTime;

/// Processor time so far, of all threads, in seconds.
pub fn processor() -> f64 {
    ProcessTime::now().as_duration().as_secs_f64()
}

/// The most memory that was ever resident, in bytes; 0 where the system does not say.
pub fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
