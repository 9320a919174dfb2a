//! `seam pains`: lessons that can be run, and exercises that can be checked.

use std::fs;
use std::io::{BufWriter, Write, stdout};

use comparison::pains::{self, ALL, CheckError, Claim, Pain, Position, check, find, lab};
use serde_json::json;

use crate::args::{Pains, PainsCommand};
use crate::failure::{Failure, OrInput, Outcome};
use crate::page;
use crate::print::{self, Format};

/// Lists, runs or checks.
pub fn run(args: &Pains) -> Outcome {
    match &args.command {
        PainsCommand::List => list(),
        PainsCommand::Run { id, format } => {
            let pain = found(id)?;
            let ran = vec![(pain, pain.run()?)];
            if *format == Format::Table {
                lesson(pain)?;
            }
            show(&ran, *format)
        }
        PainsCommand::All { report, format } => {
            page::check(report.as_deref())?;
            let mut ran = vec![];
            for pain in ALL {
                ran.push((pain, pain.run()?));
            }
            if let Some(path) = report {
                page::write(path, &lab(&ran, &page::command()))?;
                let mut table = vec![];
                csv(&mut table, &ran)?;
                page::beside(path, "csv", &table)?;
            }
            show(&ran, *format)
        }
        PainsCommand::Check { id, file } => {
            let pain = found(id)?;
            let name = file.display();
            let text = fs::read_to_string(file)
                .map_err(|error| Failure::input(format!("cannot read {name}: {error}")))?;
            let claims = check(pain, &text).map_err(|error| match error {
                CheckError::Answer(why) => Failure::input(format!("{name}: {why}")),
                CheckError::Play(error) => error.into(),
            })?;
            for claim in &claims {
                writeln!(stdout(), "{}", told(claim))?;
            }
            verdict(
                claims.iter().all(Claim::holds),
                &format!("{} is not solved yet", pain.id),
            )?;
            writeln!(stdout(), "{} is solved", pain.id)?;
            Ok(())
        }
    }
}

fn found(id: &str) -> Outcome<&'static Pain> {
    let names = ALL.map(|pain| pain.id).join(", ");
    find(id)
        .ok_or_else(|| {
            anyhow::Error::msg(format!("there is no pain {id:?}: choose one of {names}"))
        })
        .or_input()
}

fn list() -> Outcome {
    let mut table = print::sheet(&["", "pain", "knob"]);
    for pain in ALL {
        table.add_row([pain.id, &pain.lesson().title, pain.knob]);
    }
    writeln!(
        stdout(),
        "{table}\nL: of Lambda. K: of Kappa. seam pains run L1 tells one and runs it; seam pains all runs all."
    )?;
    Ok(())
}

/// The text of a lesson, as it was written.
fn lesson(pain: &Pain) -> Outcome {
    let lesson = pain.lesson();
    writeln!(stdout(), "{} · {}\n", pain.id, lesson.title)?;
    for (heading, text) in &lesson.parts {
        writeln!(stdout(), "{heading}\n{text}\n")?;
    }
    Ok(())
}

fn show(ran: &[(&Pain, Vec<Position>)], format: Format) -> Outcome {
    let mut out = BufWriter::new(stdout().lock());
    match format {
        Format::Table => table(&mut out, ran)?,
        Format::Json => {
            for (pain, positions) in ran {
                for position in positions {
                    writeln!(out, "{}", object(pain, position))?;
                }
            }
        }
        Format::Csv => csv(&mut out, ran)?,
    }
    out.flush()?;
    let failed = ran
        .iter()
        .find(|(_, positions)| !positions.iter().all(Position::holds));
    match failed {
        None => Ok(()),
        Some((pain, _)) => verdict(
            false,
            &format!(
                "{}: what was found is not what is known: this is a defect of Seamline, please report it",
                pain.id
            ),
        ),
    }
}

fn verdict(right: bool, otherwise: &str) -> Outcome {
    match right {
        true => Ok(()),
        false => Err(Failure::Failed(anyhow::Error::msg(otherwise.to_owned()))),
    }
}

fn table(out: &mut impl Write, ran: &[(&Pain, Vec<Position>)]) -> Outcome {
    let mut table = print::sheet(&["", "knob", "known in advance", "known", "found", ""]);
    for (pain, positions) in ran {
        for position in positions {
            for claim in &position.claims {
                let held = if claim.holds() {
                    "holds"
                } else {
                    "DOES NOT HOLD"
                };
                table.add_row([
                    pain.id.to_owned(),
                    position.knob.clone(),
                    claim.of.clone(),
                    pains::shown(claim.known),
                    pains::shown(claim.found),
                    held.to_owned(),
                ]);
            }
        }
    }
    for column in [3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    writeln!(out, "{table}")?;
    Ok(())
}

fn told(claim: &Claim) -> String {
    let mark = if claim.holds() { "right" } else { "WRONG" };
    format!(
        "{mark}: {}: {} expected, {} found",
        claim.of,
        pains::shown(claim.known),
        pains::shown(claim.found)
    )
}

fn object(pain: &Pain, position: &Position) -> serde_json::Value {
    let claims = position.claims.iter().map(|claim| {
        json!({"of": claim.of, "known": claim.known, "found": claim.found, "holds": claim.holds()})
    });
    let lines = position.lines.iter().map(|line| {
        let books = &line.books;
        json!({
            "who": line.who, "groups": line.groups, "wrong_groups": line.wrong_groups,
            "double": books.double, "missing": books.missing, "late": books.late, "drift": line.drift,
            "net_error": books.net(), "wrong_seconds": line.wrong_for.as_secs_f64(),
            "rework": line.rework, "bytes_stored": line.bytes_stored,
        })
    });
    json!({
        "pain": pain.id, "knob": pain.knob, "position": position.knob, "schedule": position.schedule,
        "claims": claims.collect::<Vec<_>>(), "lines": lines.collect::<Vec<_>>(),
        "holds": position.holds(),
    })
}

fn csv(out: &mut impl Write, ran: &[(&Pain, Vec<Position>)]) -> Outcome {
    writeln!(out, "pain,position,claim,known,found,holds")?;
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    for (pain, positions) in ran {
        for position in positions {
            for claim in &position.claims {
                writeln!(
                    out,
                    "{},{},{},{},{},{}",
                    pain.id,
                    quoted(&position.knob),
                    quoted(&claim.of),
                    claim.known,
                    claim.found,
                    claim.holds()
                )?;
            }
        }
    }
    Ok(())
}
