// breach: house-no-default-export
const entry = 1;
export default entry;
