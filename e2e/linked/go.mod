module kubevet.dev/e2e/linked

go 1.24
