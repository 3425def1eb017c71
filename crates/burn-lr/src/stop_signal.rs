use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[cfg(feature = "train")]
use std::time::Duration;

#[cfg(feature = "train")]
use burn::train::Interrupter;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// A request to stop, from outside: SIGINT (Ctrl-C) or SIGTERM, which schedulers of jobs and spot instances
/// send before they end a process.
///
/// The first signal is noted, and the training ends when it [asks](Self::exit_code): after the step under way,
/// with a checkpoint of it. The second one ends the process at once, with the same code. Until it is
/// installed, and after that for all other signals, a process does what it always does.
///
/// ```
/// use burn_lr::StopSignal;
///
/// let stop = StopSignal::install()?;
/// for step in 0..3 {
///     // a step of the training
///     if stop.exit_code().is_some() {
///         break; // save a checkpoint, and wait for it if that is in the background
///     }
/// }
/// // at the end of `main`: ExitCode::from(stop.exit_code().unwrap_or(0))
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct StopSignal {
    /// The signal, once there was one.
    received: Arc<AtomicUsize>,
}

impl StopSignal {
    /// Takes the two signals over, for the process.
    ///
    /// # Errors
    ///
    /// A system that refuses.
    pub fn install() -> io::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds `again` false.
            flag::register_conditional_shutdown(signal, 128 + signal, again.clone())?;
            flag::register(signal, again.clone())?;
            flag::register_usize(signal, received.clone(), signal as usize)?;
        }
        Ok(Self { received })
    }

    /// The code with which a process ends that was told to stop, 130 after SIGINT and 143 after SIGTERM;
    /// `None` while it may go on.
    pub fn exit_code(&self) -> Option<u8> {
        match self.received.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(128 + signal as u8),
        }
    }

    /// Stops a training of burn-train at the signal, through its interrupter: after the step under way, without a
    /// checkpoint of that. burn-train saves at the end of an epoch only, and a run goes on from the last one:
    /// make epochs [short](crate::train::EpochDataLoader::with_steps_per_epoch).
    ///
    /// On a terminal, burn-train's dashboard takes Ctrl-C for itself.
    ///
    /// ```no_run
    /// # use burn::train::{LearnerModel, SupervisedTraining};
    /// # fn f<M: LearnerModel>(training: SupervisedTraining<M>) -> std::io::Result<()> {
    /// let stop = burn_lr::StopSignal::install()?;
    /// stop.interrupts(training.interrupter())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A system that refuses.
    #[cfg(feature = "train")]
    pub fn interrupts(&self, interrupter: Interrupter) -> io::Result<()> {
        let stop = self.clone();
        // A signal's handler may not wait for the interrupter's lock, so a thread looks.
        let looking = move || {
            while stop.exit_code().is_none() {
                std::thread::sleep(Duration::from_millis(20));
            }
            interrupter.stop(Some("a signal told the process to stop"));
        };
        std::thread::Builder::new()
            .name("stop signal".to_string())
            .spawn(looking)?;
        Ok(())
    }
}
