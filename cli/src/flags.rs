//! The flags of a relay, which come from the table of options.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};
use ehlo_relay::Config;
use ehlo_relay::options::{self, Given, Text};

use crate::Failure;

/// What a flag says counts before the environment, that before the file, and that before the profile.
#[derive(Debug)]
pub(crate) struct Serve {
    pub(crate) file: Option<PathBuf>,
    given: Given,
}

impl Serve {
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::read(self.file.as_deref(), &self.given).map_err(|why| (2, why))
    }
}

/// The flags come from the table of options; those of single limits only stand in the long help.
impl Args for Serve {
    fn augment_args(command: clap::Command) -> clap::Command {
        let file = Arg::new("config").long("config").value_name("FILE").env("EHLO_CONFIG");
        let file = file.value_parser(clap::value_parser!(PathBuf)).help("Read the configuration from this TOML file");
        options::ALL.iter().fold(command.arg(file), |command, entry| {
            let about = entry.about.trim_end_matches('.').to_owned();
            let arg = Arg::new(entry.name).long(entry.flag()).env(entry.variable()).help(about);
            let arg = arg.value_name(entry.form).hide_short_help(entry.name.starts_with("limits."));
            command.arg(match entry.text {
                Text::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
                text if text.is_list() => arg.action(ArgAction::Append).value_delimiter(','),
                _ => arg,
            })
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Serve {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let texts = |name| matches.get_many::<String>(name).map(|texts| texts.cloned().collect());
        let values = options::ALL.iter().filter_map(|entry| Some((entry, texts(entry.name)?))).collect();
        Ok(Self { file: matches.get_one::<PathBuf>("config").cloned(), given: Given { values } })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
