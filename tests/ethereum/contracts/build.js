// Makes contracts.json from Contracts.sol. Not part of the tests: `npm install --no-save solc@0.8.37`, then `node build.js`.
const { readFileSync, writeFileSync } = require('node:fs');
const solc = require('solc');

process.chdir(__dirname);
const input = {
  language: 'Solidity',
  sources: { 'Contracts.sol': { content: readFileSync('Contracts.sol', 'utf8') } },
  settings: {
    optimizer: { enabled: true, runs: 1 },
    evmVersion: 'paris',
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.methodIdentifiers'] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const error of output.errors ?? []) {
  console.error(error.formattedMessage);
}
const contracts = {};
for (const [name, { evm }] of Object.entries(output.contracts['Contracts.sol'])) {
  if (evm.bytecode.object) {
    contracts[name] = { code: `0x${evm.bytecode.object}`, methods: evm.methodIdentifiers };
  }
}
writeFileSync('contracts.json', `${JSON.stringify(contracts, null, 2)}\n`);
