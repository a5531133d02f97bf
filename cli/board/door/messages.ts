/** A request of a browser as it arrived; header names are lower-case. */
export interface BoardRequest {
  readonly method: string;
  /** The path without the query, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface BoardAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}
