//! The command; everything it does lives in the library.

#[cfg(feature = "webhook")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    kubevet::cli::main()
}
