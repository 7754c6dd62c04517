/** What a terminal would obey, such as an escape sequence in a file's name, is shown as a sign; lines and tabs stay. */
export const printable = (text: string): string =>
  text.replace(/(?![\n\t])\p{Cc}/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
  });
