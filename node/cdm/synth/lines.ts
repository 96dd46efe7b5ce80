/** Lines of plain ASCII gathered as bytes: strings kept until the end of a chunk would cost more in clearing up. */
export class Lines {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  add(line: string): void {
    if (this.#length + line.length + 1 > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(2 * this.#bytes.length + line.length);
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#length += this.#bytes.write(line, this.#length, 'latin1');
    this.#bytes[this.#length++] = 10;
  }

  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }
}
