//! The command; everything it does lives in the library.

fn main() -> std::process::ExitCode {
    kubevet::cli::main()
}
