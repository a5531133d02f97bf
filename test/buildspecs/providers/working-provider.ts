import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';
import { type FakePackage, packageOf } from './packages.ts';

/**
 * Makes a package of the provider `thing` that an engine can start. The provider has no resources and speaks just
 * enough of the plugin protocol (version 5, gRPC over TLS, announced in one line) to say so. It runs on the Node.js of
 * the tests.
 */
export async function workingPackage(version: string): Promise<FakePackage> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const announced = new X509Certificate(cert).raw.toString('base64').replace(/=+$/, '');
  return packageOf(version, Buffer.from(program(process.execPath, { cert, key }, announced)));
}

const program = (node: string, tls: { cert: string; key: string }, announced: string): string => `#!${node}
const { createSecureServer } = require('node:http2');
// Response of GetSchema: a provider whose configuration has no attributes, without resources.
const schema = Buffer.from([0x0a, 0x02, 0x12, 0x00]);
const framed = (message) => Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
const server = createSecureServer(${JSON.stringify(tls)});
server.on('stream', (stream, { ':path': path }) => {
  if (path.endsWith('/Shutdown')) process.exit(0);
  const isKnown = path === '/tfplugin5.Provider/GetSchema';
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': isKnown ? '0' : '12' }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.end(isKnown ? framed(schema) : undefined);
});
server.listen(0, '127.0.0.1', () =>
  console.log('1|5|tcp|127.0.0.1:' + server.address().port + '|grpc|${announced}'),
);
`;
