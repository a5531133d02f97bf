/** The messages between an execution environment and its thread. */

/** An error as Lambda reports it in the payload of a failed invocation. */
export interface FunctionErrorPayload {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export interface WorkerSettings {
  /** `file:` URL of the module that exports the handler. */
  readonly moduleUrl: string;
  readonly handlerName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memorySize: number;
  readonly logGroup: string;
  readonly logStream: string;
  /** Directory in which compiled code is kept between threads; it has no effect when it cannot be written to. */
  readonly compileCache: string;
  /** `address:port` of the server that plays the public DNS; on AWS it belongs to the function's network. */
  readonly nameServer: string | undefined;
}

export interface InvokeMessage {
  readonly requestId: string;
  /** The event as JSON text. */
  readonly payload: string;
  /** Epoch milliseconds at which the invocation times out. */
  readonly deadline: number;
}

export type WorkerMessage =
  | { readonly kind: 'ready' }
  /** The module could not be loaded or does not export the handler. */
  | { readonly kind: 'init-failed'; readonly error: FunctionErrorPayload }
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'result'; readonly requestId: string; readonly payload: string }
  | { readonly kind: 'failed'; readonly requestId: string; readonly error: FunctionErrorPayload }
  /** Nothing caught an exception or rejection; the thread ends right after this message. */
  | { readonly kind: 'crashed'; readonly error: FunctionErrorPayload };
