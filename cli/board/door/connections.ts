import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What somebody has just asked for gets so long when the board ends. */
const LONGEST_END_MS = 10_000;

/** The connections of a server: browsers keep them open, also without a question. */
export class Connections {
  readonly #open = new Set<Socket>();
  readonly #answering = new Set<Socket>();
  #isEnding = false;

  opened(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  answering(socket: Socket, answer: ServerResponse): void {
    this.#answering.add(socket);
    answer.once('close', () => {
      this.#answering.delete(socket);
      if (this.#isEnding) socket.destroy();
    });
  }

  /** Closes the server: at once where nothing is being answered, else when it is answered, or after some seconds. */
  async end(server: Server): Promise<void> {
    this.#isEnding = true;
    const ended = once(server, 'close');
    server.close();
    for (const socket of this.#open) if (!this.#answering.has(socket)) socket.destroy();
    const late = setTimeout(() => server.closeAllConnections(), LONGEST_END_MS);
    await ended;
    clearTimeout(late);
  }
}
