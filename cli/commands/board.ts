import { randomBytes } from 'node:crypto';
import { findConnection } from '../connection/connection.ts';
import { command } from '../frame/command.ts';
import { numberOption } from '../frame/numbers.ts';
import { CommandError } from '../output/command-error.ts';

export const board = command({
  usage: 'board',
  summary: 'Show where everything stands in the browser, live, until Ctrl-C',
  options: (yargs) => yargs.option('port', numberOption('port', 'Port of this machine; any free one otherwise')),
  async run(session) {
    const { options, surroundings } = session;
    const { environment, homeDirectory, now, sleep, interrupted } = surroundings;
    const { port } = options;
    if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
      throw new CommandError('usage', `--port is ${port}, which is no port: they go from 1 to 65535`);
    const connection = findConnection(options, environment, homeDirectory);
    // Loaded here, because no other command needs it.
    const [{ createBoard }, { serveBoard }, { newSecret, startPath }] = await Promise.all([
      import('../board/board.ts'),
      import('../board/serve.ts'),
      import('../board/door/access.ts'),
    ]);
    // Browsers send a cookie to every port of a machine, but only below its path: nobody else knows this one.
    const base = `/${randomBytes(12).toString('base64url')}`;
    const secret = newSecret();
    const page = createBoard({
      connection,
      base,
      secret,
      times: { now, clock: () => performance.now() },
      waiting: { sleep, interrupted },
    });
    const served = await serveBoard(page, {
      port,
      complain: (error) => session.note(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    });
    try {
      const url = `${served.origin}${startPath({ base, secret })}`;
      session.report({ url }, () => url);
      session.note(`It shows what ${connection.url} knows, to whoever has this address. Ctrl-C ends it.`);
      if (!interrupted.aborted)
        await new Promise((resolve) => interrupted.addEventListener('abort', resolve, { once: true }));
    } finally {
      await served.stop();
    }
    return 'ok';
  },
});
