// SPDX-License-Identifier: Apache-2.0
// Contracts for the tests of the Ethereum adapter: small, open to everybody, worth nothing. `contracts.json` holds their creation code;
// `node build.js` beside this file makes it again (solc of the npm registry, see there).
pragma solidity ^0.8.0;

/// An ordinary ERC-20 token with six decimals: `transfer` returns true.
contract Ordinary {
    uint8 public constant decimals = 6;
    mapping(address => uint256) public balanceOf;
    event Transfer(address indexed from, address indexed to, uint256 value);

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}

/// As older tokens are: `transfer` returns nothing.
contract Silent {
    uint8 public constant decimals = 6;
    mapping(address => uint256) public balanceOf;
    event Transfer(address indexed from, address indexed to, uint256 value);

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function transfer(address to, uint256 value) external {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
    }
}

/// A token that tells what it is told to tell: absurd values, logs that are undone, logs of other forms, transfers that do nothing.
contract Liar {
    uint8 public constant decimals = 6;
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    function balanceOf(address) external pure returns (uint256) {
        return type(uint128).max;
    }

    /// As if there were coins.
    function tell(address to, uint256 value) external {
        emit Transfer(msg.sender, to, value);
    }

    /// Tells, and takes it back.
    function tellAndRevert(address to, uint256 value) external {
        emit Transfer(msg.sender, to, value);
        revert("taken back");
    }

    /// Another event of the same form.
    function approve(address to, uint256 value) external returns (bool) {
        emit Approval(msg.sender, to, value);
        return true;
    }

    /// Moves nothing and says so only by what it returns.
    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }
}

/// A token whose decimals are not those that everybody expects.
contract Eighteen {
    uint8 public constant decimals = 18;
}

interface Token {
    function transfer(address to, uint256 value) external;
}

/// Pays several at once, as exchanges do: coins by calls inside a transaction, tokens by several logs.
contract Exchange {
    receive() external payable {}

    function pay(address payable[] calldata to, uint256 each) external payable {
        for (uint256 place = 0; place < to.length; place++) {
            (bool paid, ) = to[place].call{value: each}("");
            require(paid);
        }
    }

    /// Pays inside a call that is undone, while the transaction succeeds.
    function payAndForget(address payable to, uint256 value) external payable {
        try this.payAndRevert(to, value) {} catch {}
    }

    function payAndRevert(address payable to, uint256 value) external {
        (bool paid, ) = to.call{value: value}("");
        require(paid);
        revert("taken back");
    }

    function payTokens(Token token, address[] calldata to, uint256 each) external {
        for (uint256 place = 0; place < to.length; place++) {
            token.transfer(to[place], each);
        }
    }
}
