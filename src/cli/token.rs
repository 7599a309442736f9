//! `token`: access tokens of the issuing API.

use super::args::Global;
use super::control::Control;
use super::exit::Exit;
use super::order::answered;
use super::{note, say};
use crate::domain::Role;
use clap::{Args, Subcommand};
use serde_json::json;

/// Make, list and revoke access tokens of the issuing API, also while a server is at work
#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print its secret, once
    New {
        /// Name: letters, digits, hyphens, underscores
        name: String,
        /// Roles: registrar, decision_maker, mark_officer, reader
        #[arg(long = "role", value_name = "ROLE", num_args = 1.., required = true, value_parser = Role::parse_of_token)]
        roles: Vec<Role>,
        /// Print JSON for programs
        #[arg(long)]
        json: bool,
    },
    /// List every token there is or was
    List {
        /// Print one JSON object a token
        #[arg(long)]
        json: bool,
    },
    /// End a token
    Revoke {
        /// Its name
        name: String,
        /// Print JSON for programs
        #[arg(long)]
        json: bool,
    },
}

impl Token {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        match &self.command {
            Command::New { name, roles, json } => answered(*json, || new(global, name, roles, *json)),
            Command::List { json } => list(global, *json),
            Command::Revoke { name, json } => answered(*json, || {
                Control::of(global)?.revoke_token(name)?;
                if *json {
                    say(json!({ "name": name, "revoked": true }))?;
                } else {
                    say(format_args!("Token {name} is revoked."))?;
                }
                Ok(Exit::Done)
            }),
        }
    }
}

fn new(global: &Global, name: &str, roles: &[Role], json: bool) -> anyhow::Result<Exit> {
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    let secret = Control::of(global)?.make_token(name, &roles)?;
    if json {
        say(json!({ "name": name, "roles": roles, "token": secret.as_str() }))?;
    } else {
        let words: Vec<&str> = roles.iter().map(|r| r.wire()).collect();
        note(format_args!("Token {name} ({}). Its secret is shown this once and kept nowhere:", words.join(", ")));
        say(secret.as_str())?;
    }
    Ok(Exit::Done)
}

fn list(global: &Global, json: bool) -> anyhow::Result<Exit> {
    for token in Control::of(global)?.tokens()? {
        if json {
            say(json!({ "name": token.name, "roles": token.roles, "revoked": token.revoked }))?;
        } else {
            let words: Vec<&str> = token.roles.iter().map(|r| r.wire()).collect();
            let state = if token.revoked { "revoked" } else { "in use" };
            say(format_args!("{:<24}{state:<10}{}", token.name, words.join(", ")))?;
        }
    }
    Ok(Exit::Done)
}
