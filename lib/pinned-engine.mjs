/**
 * The engine that builds install unless the configuration names another one, and that the set-up of this repository
 * downloads when none is on the PATH. The digests are the SHA-256 of the official zips. Builds on AWS run on
 * linux_arm64; the other platforms are people's machines. This is plain JavaScript, because the set-up must start on
 * any Node.js.
 *
 * @type {{
 *   name: 'terraform' | 'tofu',
 *   version: string,
 *   sha256: { linux_arm64: string, linux_amd64: string, darwin_arm64: string, darwin_amd64: string },
 * }}
 */
export const PINNED_ENGINE = {
  name: 'terraform',
  version: '1.11.4',
  sha256: {
    linux_arm64: 'a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633',
    linux_amd64: '1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc',
    darwin_arm64: '867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18',
    darwin_amd64: 'a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b',
  },
};
